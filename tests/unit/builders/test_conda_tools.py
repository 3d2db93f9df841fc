import asyncio
import time

import psutil
import pytest
from zaffre.adapters.builders.conda_failures import conda_failure, unsolved
from zaffre.adapters.builders.conda_install import conda_packages_in, variables_in
from zaffre.adapters.builders.conda_tools import (
    AUTO,
    NEVER,
    Condas,
    CondaTool,
    NoCondaError,
    conda_environ,
    find_conda,
)

TOOL = CondaTool("/bin/conda", "conda", "26.7.1")


@pytest.fixture
def program(tmp_path):
    def put(name, says, *, code=0):
        path = tmp_path / name
        path.write_text(f"#!/bin/sh\necho '{says}'\nexit {code}\n")
        path.chmod(0o755)
        return str(path)

    return put


@pytest.mark.parametrize(
    ("name", "says", "kind"),
    [
        ("conda", "conda 4.12.0", "conda 4.12.0"),
        ("mamba", "mamba 1.5.8\nconda 23.7.4", "mamba 1.5.8"),
        ("mamba", "2.0.5", "mamba 2.0.5"),
        ("micromamba", "1.5.8", "micromamba 1.5.8"),
    ],
)
def test_tools_say_what_they_are(program, tmp_path, name, says, kind):
    program(name, says)
    assert find_conda(AUTO, {"PATH": str(tmp_path)}).words == kind


def test_what_the_shell_names_comes_before_the_path_and_what_was_chosen_before_all(
    program, tmp_path
):
    here = {"PATH": str(tmp_path)}
    program("micromamba", "2.0.0")
    named = {**here, "CONDA_EXE": program("named", "conda 1.0")}
    assert find_conda(AUTO, here).kind == "micromamba"
    assert find_conda(AUTO, named).version == "1.0"
    assert find_conda(program("chosen", "conda 2.0"), named).version == "2.0"


def test_none_is_used_when_none_answers_or_nobody_wants_one(program, tmp_path):
    program("conda", "Segmentation fault", code=139)
    here = {"PATH": str(tmp_path)}
    with pytest.raises(NoCondaError, match="does not answer as conda does: Segmentation"):
        find_conda(AUTO, here)
    assert Condas(AUTO, environ=here).find() is None
    assert not Condas(NEVER, environ=here).may_be_there()
    condas = Condas(program("mamba", "2.0.5"), environ=here)
    assert condas.find() is not None
    (tmp_path / "mamba").unlink()
    assert condas.find() is None
    with pytest.raises(NoCondaError, match="told to use none"):
        find_conda(NEVER, here)
    with pytest.raises(NoCondaError, match="neither micromamba, mamba, conda is installed"):
        find_conda(AUTO, {"PATH": "/nonexistent"})


def test_tools_see_their_settings_and_nothing_of_what_is_activated():
    server = {
        "CONDARC": "/c",
        "CONDA_PREFIX_1": "/x",
        "CONDA_SHLVL": "2",
        "CONDA_PKGS_DIRS": "/p",
        "MAMBA_ROOT_PREFIX": "/m",
        "ZAFFRE_TOKEN": "secret",
    }
    seen = conda_environ(server)
    assert seen.keys() >= {"CONDARC", "CONDA_PKGS_DIRS", "MAMBA_ROOT_PREFIX"}
    assert not seen.keys() & {"CONDA_PREFIX_1", "CONDA_SHLVL", "ZAFFRE_TOKEN"}
    assert seen["CONDA_CHANNEL_PRIORITY"] == "flexible"


ABSENT = """\
PackagesNotFoundError: The following packages are not available from current channels:

  - a=9
  - b

Current channels:

  - https://x/c
"""
MAMBA = """\
error    libmamba Could not solve for environment specs
    The following package could not be found
    └─ nosuch =* * does not exist (perhaps a typo or a missing channel).
critical libmamba Could not solve for environment specs"""
LIBMAMBA = """\
LibMambaUnsatisfiableError: Encountered problems while solving:
  - package tree-1.0-0 requires leaf <2, but none of the providers can be installed

Could not solve for environment specs
The following packages are incompatible
├─ forest =* * is installable and it requires
│  └─ leaf >=2 *, which can be installed;
└─ tree =* * is not installable because it requires
   └─ leaf <2 *, which conflicts with any installable versions previously reported."""
OLD = """\
UnsatisfiableError: The following specifications were found to be incompatible with each other:

Package leaf conflicts for:
forest -> leaf[version='>=2']
tree -> leaf[version='<2']"""


@pytest.mark.parametrize(
    ("said", "message"),
    [
        (MAMBA, "The channel `c` has no `nosuch`."),
        (
            ABSENT,
            "The channel `c` has no `a=9` and no `b`.",
        ),
        (LIBMAMBA, "No version of `leaf` suits all: `forest` needs `leaf >=2`; `tree` needs"),
        (OLD, "No version of `leaf` suits all: `forest` needs `leaf >=2`; `tree` needs"),
        (
            "UnavailableInvalidChannel: HTTP 404 NOT FOUND for channel nowhere <https://x/nowhere>\n",
            "The channel `nowhere` is none: 404 not found.",
        ),
        (
            "CondaHTTPError: HTTP 000 CONNECTION FAILED for url <https://x.example/c/noarch/r.json>",
            "The conda channel at `https://x.example` cannot be reached: connection failed.",
        ),
        (
            "error    libmamba Download error (6) Couldn't resolve host name [https://x.example/c]",
            "The conda channel at `https://x.example` cannot be reached: couldn't resolve host",
        ),
        ("NoSpaceLeftError: No space left on devices.", "The disk is full."),
        ("Killed", "conda 26.7.1 could not make the environment."),
    ],
)
def test_failures_are_told_in_a_sentence(said, message):
    error = conda_failure(said.splitlines(), tool=TOOL, channels=("c",))
    assert error.message.startswith(message), error.message


def test_only_what_asking_for_less_may_help_is_tried_again():
    assert all(unsolved(said.splitlines()) for said in (MAMBA, LIBMAMBA, OLD))
    assert not unsolved(["CondaHTTPError: HTTP 000 CONNECTION FAILED for url <https://x>"])


def test_what_is_installed_and_set_is_read_from_the_environment(tmp_path):
    meta = tmp_path / "conda-meta"
    meta.mkdir()
    url = "https://u:p@a.example/t/secret/c/noarch/x-1-0.conda"
    (meta / "x-1-0.json").write_text(f'{{"url": "{url}", "md5": "00"}}')
    for number, other in enumerate(("[]", "no", '{"url": 1}', '{"url": "x\\nfile:///y"}')):
        (meta / f"{number}.json").write_text(other)
    (meta / "state").write_text('{"env_vars": {"STATED": "1"}}')
    scripts = tmp_path / "etc" / "conda" / "activate.d"
    scripts.mkdir(parents=True)
    (scripts / "a.sh").write_text("export A_DATA=$CONDA_PREFIX/a\nfalse\n")
    assert conda_packages_in(tmp_path) == ("https://a.example/t//c/noarch/x-1-0.conda#00",)
    found = asyncio.run(variables_in(tmp_path))
    assert found == {
        "CONDA_PREFIX": str(tmp_path),
        "CONDA_DEFAULT_ENV": str(tmp_path),
        "STATED": "1",
        "A_DATA": f"{tmp_path}/a",
    }


def test_activating_an_environment_leaves_no_process(tmp_path):
    scripts = tmp_path / "etc" / "conda" / "activate.d"
    scripts.mkdir(parents=True)
    (scripts / "x.sh").write_text('sleep 300 &\necho $! >"$CONDA_PREFIX/child"\nexport A=1\n')
    assert asyncio.run(variables_in(tmp_path))["A"] == "1"
    child = int((tmp_path / "child").read_text())
    deadline = time.monotonic() + 20
    while is_alive(child):
        assert time.monotonic() < deadline
        time.sleep(0.01)


def is_alive(pid: int) -> bool:
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False
