import pytest
from zaffre.adapters.builders.conflicts import explain

WE = "we can conclude that"
UNSATISFIABLE = f"{WE} your requirements are unsatisfiable."


@pytest.mark.parametrize(
    ("story", "message", "hint"),
    [
        (
            (
                "Because pandas==2.2.0 depends on numpy{python_full_version < '3.12'}>=1.23.2,<2 "
                f"and you require pandas==2.2.0, {WE} you require numpy>=1.23.2,<2. "
                f"And because you require numpy==1.22.4, {UNSATISFIABLE}"
            ),
            (
                "No version of `numpy` suits all: the environment asks for `numpy==1.22.4`; "
                "`pandas==2.2.0`, which is asked for, needs `numpy>=1.23.2,<2`."
            ),
            "Change or leave out the version of numpy, or that of pandas.",
        ),
        (
            (
                "Because botocore==1.29.0 depends on urllib3>=1.25.4,<1.27 and you require "
                f"urllib3==2.0, {WE} your requirements and botocore==1.29.0 are incompatible. "
                f"And because you require botocore==1.29.0, {UNSATISFIABLE}"
            ),
            (
                "No version of `urllib3` suits all: the environment asks for `urllib3==2.0`; "
                "`botocore==1.29.0`, which is asked for, needs `urllib3>=1.25.4,<1.27`."
            ),
            "Change or leave out the version of urllib3, or that of botocore.",
        ),
        (
            f"Because you require six==1.16.0 and six==1.15.0, {UNSATISFIABLE}",
            (
                "No version of `six` suits all: the environment asks for `six==1.16.0` and "
                "`six==1.15.0`."
            ),
            "Change or leave out the version of six.",
        ),
        (
            (
                f"Because a==1 depends on c<2 and b==1 depends on c>=2, {WE} a==1 and b==1 are "
                f"incompatible. And because you require a==1 and b==1, {UNSATISFIABLE}"
            ),
            (
                "No version of `c` suits all: `a==1`, which is asked for, needs `c<2`; "
                "`b==1`, which is asked for, needs `c>=2`."
            ),
            "Change or leave out the version of c, or that of a or b.",
        ),
    ],
)
def test_c77_who_asked_for_what_is_said_in_plain_words(story, message, hint):
    assert explain(story) == (message, hint)


def test_long_lists_of_versions_are_read_at_once():
    versions = ",".join(f"!={number}" for number in range(500))
    explained = explain(
        f"Because a==1 depends on b{versions} and you require b==7, {UNSATISFIABLE}"
    )
    assert explained is not None
    assert explain(f"Because you require b{versions}, {UNSATISFIABLE}") is None


def test_what_is_not_that_plain_is_left_to_the_story():
    assert explain("Because only a<=1 is available and you require a>=2, no.") is None
    assert explain("") is None
