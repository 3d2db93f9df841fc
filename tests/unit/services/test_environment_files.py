import pytest
from zaffre.domain.environments import EnvironmentSpec, Image
from zaffre.domain.errors import ConflictError, InvalidError, NotFoundError, PreconditionError
from zaffre.domain.workspaces import Workspace
from zaffre.services.environments import NewEnvironment

from services.conftest import ALICE, Desk

ONE, OTHER = "ab" * 32, "cd" * 32
NAME = "mine-1.0-py3-none-any.whl"


@pytest.fixture
def place(desk: Desk, workspace: Workspace) -> str:
    for digest in (ONE, OTHER):
        desk.write(
            lambda s, digest=digest: s.snapshots.note_blob(workspace.id, digest, 3, caller=ALICE)
        )
    return workspace.id


def add(desk: Desk, place: str, name: str = NAME, digest: str = ONE):
    return desk.write(lambda s: s.wheels.add(place, name, digest=digest, caller=ALICE))


def test_a_wheel_is_kept_once_under_its_name(desk: Desk, place: str):
    kept = add(desk, place)
    assert (kept.path, kept.digest, kept.size) == (f"wheels/{NAME}", ONE, 3)
    assert add(desk, place) == kept
    assert desk.read(lambda s: s.wheels.get(place, NAME, caller=ALICE)) == kept
    assert desk.read(lambda s: s.wheels.list(place, caller=ALICE)) == [kept]
    with pytest.raises(ConflictError, match="another wheel") as refused:
        add(desk, place, digest=OTHER)
    assert refused.value.code == "WheelExists"
    with pytest.raises(NotFoundError, match=r"`none\.whl`"):
        desk.read(lambda s: s.wheels.get(place, "none.whl", caller=ALICE))


@pytest.mark.parametrize("name", ["mine.whl", "../x-1-py3-none-any.whl", "a b-1-py3-none-any.whl"])
def test_a19_names_that_are_none_of_a_wheel_are_refused(desk: Desk, place: str, name: str):
    with pytest.raises(InvalidError) as refused:
        add(desk, place, name)
    assert refused.value.code == "InvalidWheel"


def test_a19_an_environment_names_wheels_that_can_be_files(desk: Desk, place: str):
    spec = EnvironmentSpec(wheels={f"{'a' * 300}-1-py3-none-any.whl": ONE})
    new = NewEnvironment(name="env", spec=spec, definition={})
    with pytest.raises(InvalidError) as refused:
        desk.write(lambda s: s.environments.register(place, new, caller=ALICE))
    assert refused.value.code == "InvalidWheel"


def test_bytes_must_have_been_sent(desk: Desk, place: str):
    with pytest.raises(PreconditionError, match="were not sent"):
        add(desk, place, digest="ef" * 32)
    new = NewEnvironment(name="env", spec=EnvironmentSpec(wheels={NAME: "ef" * 32}), definition={})
    with pytest.raises(PreconditionError, match="were not sent"):
        desk.write(lambda s: s.environments.register(place, new, caller=ALICE))
    spec = desk.script_spec(desk.workspace("other"), environment=new.spec)
    assert spec.environment == new.spec


def test_what_an_environment_names_keeps_its_bytes(desk: Desk, place: str):
    image = Image(dockerfile="FROM x", files={"a.txt": OTHER})
    spec = EnvironmentSpec(wheels={NAME: ONE}, image=image)
    new = NewEnvironment(name="env", spec=spec, definition={})
    desk.write(lambda s: s.environments.register(place, new, caller=ALICE))
    assert desk.write(lambda s: s.stores.doomed.give_up([ONE, OTHER, "ef" * 32])) == ["ef" * 32]


def test_files_have_a_number_and_a_digest(desk: Desk, place: str):
    many = NewEnvironment(
        name="env",
        spec=EnvironmentSpec(wheels={f"{n}.whl": ONE for n in range(1001)}),
        definition={},
    )
    with pytest.raises(InvalidError, match="at most 1000"):
        desk.write(lambda s: s.environments.register(place, many, caller=ALICE))
    odd = NewEnvironment(name="env", spec=EnvironmentSpec(wheels={NAME: "x"}), definition={})
    with pytest.raises(InvalidError) as refused:
        desk.write(lambda s: s.environments.register(place, odd, caller=ALICE))
    assert refused.value.code == "InvalidDigest"
