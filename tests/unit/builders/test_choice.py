import pytest
from packaging.specifiers import SpecifierSet
from zaffre.adapters.builders.choice import choose
from zaffre.adapters.builders.interpreters import Interpreter
from zaffre.domain.errors import InvalidError, UnavailableError

FLOOR = SpecifierSet(">=3.9")


def python(version):
    return Interpreter(f"/opt/{version}/python", tuple(map(int, version.split("."))), "stamp")


MACHINE = [python(version) for version in ("3.11.7", "3.11.9", "3.8.18", "3.10.13", "3.12.1")]


@pytest.mark.parametrize(
    ("request_", "chosen", "moved"),
    [
        (None, "3.11.7", False),
        ("", "3.11.7", False),
        ("3", "3.11.7", False),
        ("3.11", "3.11.7", False),
        ("3.11.9", "3.11.9", False),
        ("3.11.*", "3.11.7", False),
        ("=3.10", "3.10.13", False),
        ("==3.12.4", "3.12.1", False),
        ("3.12.1=build_0", "3.12.1", False),
        (">=3.8", "3.11.7", False),
        (">=3.12,<4", "3.12.1", False),
        (">=3.6,<3.9", "3.10.13", True),
        ("3.8", "3.10.13", True),
        ("3.6.2", "3.10.13", True),
        ("3.9", "3.10.13", True),
    ],
)
def test_the_same_minor_or_the_nearest_above(request_, chosen, moved):
    choice = choose(request_, MACHINE, floor=FLOOR)
    assert (choice.interpreter.full, choice.moved) == (chosen, moved)
    assert chosen in choice.note


def test_the_patch_of_another_minor_means_nothing():
    machine = [python("3.11.7"), python("3.11.2")]
    assert choose("3.6.2", machine, floor=FLOOR).interpreter.full == "3.11.7"


def test_a_replaced_python_is_said_with_the_reason():
    note = choose("3.6.2", MACHINE, floor=FLOOR).note
    assert note.startswith("Python 3.6.2 was asked for; using Python 3.10.13 (/opt/3.10.13/python")
    assert "nearest on this machine that zaffre-sdk supports" in note


def test_c78_a_python_that_nothing_can_stand_in_for_lists_what_there_is():
    with pytest.raises(UnavailableError, match=r"`3\.99` is not on this machine") as error:
        choose("3.99", MACHINE, floor=FLOOR)
    assert error.value.code == "EnvironmentBuildFailed"
    assert "Available: 3.10.13, 3.11.7, 3.11.9, 3.12.1." in error.value.hint


@pytest.mark.parametrize("request_", ["2.7", "2", "4.0", "three", "3.x", "<3", "3.8; touch x"])
def test_other_versions_are_refused(request_):
    with pytest.raises(InvalidError) as error:
        choose(request_, MACHINE, floor=FLOOR)
    assert error.value.code == "InvalidPythonVersion"
    assert request_ in error.value.message
