import pytest
from zaffre.domain.environments import BuildState, BuiltEnvironment, EnvironmentSpec
from zaffre.domain.errors import InvalidError, NotFoundError
from zaffre.domain.workspaces import Workspace
from zaffre.services.environment_builds import NOUN
from zaffre.services.environments import NewEnvironment

from services.conftest import ALICE, Desk

BUILT = BuiltEnvironment(python="/e/bin/python", packages=("six==1",), variables={"A": "1"})


@pytest.fixture
def registered(desk: Desk, workspace: Workspace) -> str:
    new = NewEnvironment(name="env", spec=EnvironmentSpec(pip_packages=("six",)), definition={})
    desk.write(lambda s: s.environments.register(workspace.id, new, caller=ALICE))
    return workspace.id


def start(desk: Desk, workspace: str, name: str = "env"):
    return desk.write(lambda s: s.environment_builds.start(workspace, name, caller=ALICE))


def test_a_build_is_one_until_it_ends(desk: Desk, registered: str):
    build = start(desk, registered)
    assert (build.state, build.version, desk.hints[-1]) == (BuildState.QUEUED, "1", NOUN)
    assert start(desk, registered) == build
    spec = desk.write(lambda s: s.environment_builds.begin(build))
    assert spec.pip_packages == ("six",)
    [going] = desk.read(lambda s: s.environment_builds.open())
    assert (going.state, going.is_over) == (BuildState.RUNNING, False)
    desk.write(lambda s: s.environment_builds.finish(going, built=BUILT))
    done = desk.read(lambda s: s.environment_builds.get(registered, build.id, caller=ALICE))
    assert (done.state, done.built, done.is_over) == (BuildState.SUCCEEDED, BUILT, True)
    assert desk.read(lambda s: s.environment_builds.open()) == []
    second = start(desk, registered)
    desk.write(lambda s: s.environment_builds.finish(second, built=None, error="no"))
    listed = desk.read(lambda s: s.environment_builds.list(registered, "env", caller=ALICE))
    assert [(one.id, one.state, one.error) for one in listed] == [
        (second.id, BuildState.FAILED, "no"),
        (build.id, BuildState.SUCCEEDED, ""),
    ]


def test_builds_of_what_was_removed_are_forgotten(desk: Desk, registered: str):
    build = start(desk, registered)
    desk.write(lambda s: s.environment_builds.finish(build, built=BUILT))
    assert desk.write(lambda s: s.environment_builds.forget({"/other"})) == []
    [gone] = desk.write(lambda s: s.environment_builds.forget({"/e/bin/python"}))
    assert gone.id == build.id
    with pytest.raises(NotFoundError, match=build.id):
        desk.read(lambda s: s.environment_builds.get(registered, build.id, caller=ALICE))


def test_curated_environments_are_built_listed_and_not_replaced(desk: Desk, registered: str):
    assert start(desk, registered, "azureml-minimal").name == "AzureML-Minimal"
    for name, version, hint in (
        ("AzureML-minimall", None, "Did you mean `AzureML-Minimal`?"),
        ("AzureML-Minimal", "48", "has the version `1` alone"),
        ("AzureML-0", None, "names the "),
    ):
        with pytest.raises(NotFoundError, match=name) as absent:
            desk.read(
                lambda s, name=name, version=version: s.environments.get(
                    registered, name, caller=ALICE, version=version
                )
            )
        assert hint in absent.value.hint

    def listed(*, with_curated: bool) -> list[str]:
        found = desk.read(
            lambda s: s.environments.list(registered, caller=ALICE, with_curated=with_curated)
        )
        return [one.name for one in found]

    assert listed(with_curated=False) == ["env"]
    assert {"env", "AzureML-Minimal"} < set(listed(with_curated=True))
    for name in ("AzureML-mine", "azureml-Minimal", "MicrosoftX"):
        new = NewEnvironment(name=name, spec=EnvironmentSpec(), definition={})
        with pytest.raises(InvalidError, match="not allowed"):
            desk.write(lambda s, new=new: s.environments.register(registered, new, caller=ALICE))


def test_labels_point_at_one_version(desk: Desk, registered: str):
    new = NewEnvironment(name="env", spec=EnvironmentSpec(), definition={})
    desk.write(lambda s: s.environments.register(registered, new, caller=ALICE))

    def label(version: str, *labels: str):
        return desk.write(
            lambda s: s.environments.label(
                registered, "env", version=version, labels=labels, caller=ALICE
            )
        )

    def labeled(label: str) -> str:
        return desk.read(
            lambda s: s.environments.get(registered, "env", caller=ALICE, label=label)
        ).version

    assert label("1", "prod", "old").version == "1"
    assert (labeled("prod"), labeled("Latest")) == ("1", "2")
    label("2", "prod")
    assert (labeled("prod"), labeled("old")) == ("2", "1")
    with pytest.raises(NotFoundError, match="env@none"):
        labeled("none")
    with pytest.raises(NotFoundError, match="env:9"):
        label("9", "prod")
    with pytest.raises(InvalidError, match="label name"):
        label("1", "a b")
