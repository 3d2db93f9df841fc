from zaffre.adapters.builders.plan import want
from zaffre.domain import curated
from zaffre.domain.environments import BuiltEnvironment, lock_of


def test_names_are_known_in_any_case_and_have_one_version():
    known = list(curated.everything("w"))
    assert len({one.name.lower() for one in known}) == len(known) > 40
    for one in known:
        assert curated.find("w", one.name.upper(), None) == one
        assert curated.is_reserved(one.name)
    assert curated.find("w", "AzureML-Minimal", "2") is None
    assert curated.find("w", "Minimal", None) is None
    assert not curated.is_reserved("mine")


def test_every_one_can_be_planned():
    for one in curated.everything("w"):
        wanted = want(one.spec)
        assert wanted.python
        assert wanted.extras == ("data", "defaults")


def test_a_lock_has_what_pip_takes():
    built = BuiltEnvironment(python="/e/bin/python", packages=("six==1", "zaffre-sdk==0"))
    lines = lock_of(built, name="mine").splitlines()
    assert lines[1:] == [
        *("# Environment: mine", "# Interpreter: /e/bin/python"),
        *("six==1", "# zaffre-sdk==0"),
    ]
    used = BuiltEnvironment(python="/usr/bin/python", found=("idna==3",))
    assert lock_of(used, name="").splitlines()[-1] == "idna==3"
