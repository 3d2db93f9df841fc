import pytest
from zaffre.domain.environments import Environment, EnvironmentSpec
from zaffre.domain.errors import ConflictError, InvalidError, NotFoundError
from zaffre.domain.workspaces import Workspace
from zaffre.services.environments import NewEnvironment

from services.conftest import ALICE, Desk


def register(
    desk: Desk, workspace: Workspace, *packages: str, name: str = "env", version: str | None = None
) -> Environment:
    new = NewEnvironment(
        name=name,
        spec=EnvironmentSpec(pip_packages=packages),
        definition={"name": name, "python": {"packages": list(packages)}},
        version=version,
    )
    return desk.write(lambda s: s.environments.register(workspace.id, new, caller=ALICE))


def test_an_equal_definition_adds_no_version(desk: Desk, workspace: Workspace):
    first = register(desk, workspace, "numpy")
    assert register(desk, workspace, "numpy") == first
    second = register(desk, workspace, "numpy", "scipy")
    third = register(desk, workspace, "numpy")
    assert [e.version for e in (first, second, third)] == ["1", "2", "3"]


def test_a_version_may_be_named_once(desk: Desk, workspace: Workspace):
    named = register(desk, workspace, "numpy", version="prod")
    assert register(desk, workspace, "numpy", version="prod") == named
    with pytest.raises(ConflictError, match="`prod` that differs"):
        register(desk, workspace, "scipy", version="prod")
    assert register(desk, workspace, "scipy").version == "1"
    assert register(desk, workspace, "numpy", version="3").version == "3"
    assert register(desk, workspace, "pandas").version == "4"


def test_versions_are_found_and_the_newest_is_listed(desk: Desk, workspace: Workspace):
    first = register(desk, workspace, "numpy")
    second = register(desk, workspace, "scipy")
    other = register(desk, workspace, name="another")

    def get(name: str, version: str | None = None) -> Environment:
        return desk.read(
            lambda s: s.environments.get(workspace.id, name, caller=ALICE, version=version)
        )

    assert get("env") == second
    assert get("env", "1") == first
    with pytest.raises(NotFoundError, match="`env:7`"):
        get("env", "7")
    with pytest.raises(NotFoundError, match="`none`"):
        get("none")
    listed = desk.read(lambda s: s.environments.list(workspace.id, caller=ALICE))
    assert listed == [other, second]


@pytest.mark.parametrize(
    ("name", "version"), [("", None), ("a/b", None), ("latest", None), ("env", "../1")]
)
def test_c39_names_against_the_rule_are_refused(
    desk: Desk, workspace: Workspace, name: str, version: str | None
):
    with pytest.raises(InvalidError) as refused:
        register(desk, workspace, name=name, version=version)
    assert refused.value.code == "InvalidName"
