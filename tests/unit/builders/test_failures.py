import pytest
from zaffre.adapters.builders.failures import failure, unresolved

UNKNOWN = """error: No solution found when resolving dependencies
  cause: Because nothing-such was not found in the package registry and you require nothing-such, \
we can conclude that your requirements are unsatisfiable."""
CONFLICT = """error: No solution found when resolving dependencies
  cause: Because pandas==2.0.0 depends on numpy>=1.21.0 and you require pandas==2.0.0, we can \
conclude that you require numpy>=1.21.0.
         And because you require numpy==1.19.5, we can conclude that your requirements are \
unsatisfiable."""
VERSION = """error: No solution found when resolving dependencies
  cause: Because there is no version of numpy==99.0 and you require numpy==99.0, we can conclude \
that your requirements are unsatisfiable."""
WHEEL = """error: No solution found when resolving dependencies
  cause: Because tensorflow==1.15.0 has no wheels with a matching Python ABI tag (e.g., `cp311`) \
and you require tensorflow==1.15, we can conclude that your requirements are unsatisfiable."""
PYTHON = """error: No solution found when resolving dependencies
  cause: Because the current Python version (3.9.18) does not satisfy Python>=3.11 and \
numpy==2.4.6 depends on Python>=3.11, we can conclude that numpy==2.4.6 cannot be used."""
BUILD = """error: Failed to build `scikit-learn==0.20.3`
  cause: The build backend returned an error
         [stderr]
         ModuleNotFoundError: No module named 'pkg_resources'"""
OFFLINE = """error: Request failed after 3 retries in 10.0s
  cause: Failed to fetch: http://127.0.0.1:9/simple/six/
  cause: error sending request for url (http://127.0.0.1:9/simple/six/)
  cause: Connection refused (os error 111)"""
DISK = """error: Failed to install: x.whl (x==1)
  cause: No space left on device (os error 28)"""
BAD_WHEEL = """error: Failed to read `mine @ file:///tmp/zaffre-x/mine-1.0-py3-none-any.whl`
  cause: Failed to read metadata: /tmp/zaffre-x/mine-1.0-py3-none-any.whl
  cause: unable to locate the end of central directory record"""
NOT_THERE = """error: No solution found when resolving dependencies
  cause: Because there is no version of six==99 and mine==1.0 depends on six==99, we can conclude \
that mine==1.0 cannot be used."""

BAD_WHEEL_SAID = (
    "The wheel `mine-1.0-py3-none-any.whl` cannot be read: unable to locate the end of central "
    "directory record."
)
CONFLICT_SAID = (
    "No version of `numpy` suits all: the environment asks for `numpy==1.19.5`; "
    "`pandas==2.0.0`, which is asked for, needs `numpy>=1.21.0`."
)
BUILD_SAID = (
    "`scikit-learn==0.20.3` has no wheel for Python 3.11, and building it failed: "
    "ModuleNotFoundError: No module named 'pkg_resources'."
)
OFFLINE_SAID = (
    "The package index `http://127.0.0.1:9` gave no usable answer while looking for "
    "`six`: Connection refused (os error 111)."
)


@pytest.mark.parametrize(
    ("said", "message"),
    [
        (UNKNOWN, "The package `nothing-such` is not on the package index."),
        (
            CONFLICT,
            CONFLICT_SAID,
        ),
        (VERSION, "The package index has no `numpy==99.0`."),
        (WHEEL, "`tensorflow==1.15.0` has no wheel for Python 3.11."),
        (PYTHON, "`numpy==2.4.6` needs Python >=3.11, and this environment has 3.11."),
        (
            BUILD,
            BUILD_SAID,
        ),
        (
            OFFLINE,
            OFFLINE_SAID,
        ),
        (BAD_WHEEL, BAD_WHEEL_SAID),
        (NOT_THERE, "The package index has no `six==99`, which `mine==1.0` needs."),
        (DISK, "The disk is full."),
        ("error: something new", "The environment could not be installed."),
    ],
)
def test_c76_c77_r37_failures_name_the_package_and_the_cause(said, message):
    error = failure(said.splitlines(), python="3.11")
    assert (error.code, error.message) == ("EnvironmentBuildFailed", message)
    assert error.hint


def test_asking_for_less_helps_only_where_versions_contradict():
    assert unresolved(CONFLICT.splitlines())
    assert not unresolved(UNKNOWN.splitlines())
    assert not unresolved(OFFLINE.splitlines())
