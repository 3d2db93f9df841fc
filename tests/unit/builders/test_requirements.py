import pytest
from hypothesis import given
from hypothesis import strategies as st
from zaffre.adapters.builders.conda import translate
from zaffre.adapters.builders.requirements import parse_requirement, parse_requirements
from zaffre.domain.errors import InvalidError

REFUSED = {
    "--index-url http://example.org/simple": "options are not taken",
    "--extra-index-url=http://example.org": "options are not taken",
    "-r other.txt": "options are not taken",
    "-e .": "options are not taken",
    "numpy --index-url http://example.org": "addresses are not taken",
    "numpy --hash=sha256:00": "options behind a requirement",
    "numpy -e": "options behind a requirement",
    "git+https://example.org/project.git": "version control",
    "name @ git+ssh://git@example.org/project": "version control",
    "name @ https://example.org/name.whl": "addresses are not taken",
    "name @ file:///etc/passwd": "addresses are not taken",
    "https://example.org/name.whl": "addresses are not taken",
    "./folder": "paths are not taken",
    "/etc/passwd": "paths are not taken",
    "..\\name.whl": "paths are not taken",
    "name.whl": "files are not taken",
    "requirements.txt": "files are not taken",
    "numpy; touch x": "it is no requirement",
    "numpy && touch x": "it is no requirement",
    "$(id)": "it is no requirement",
    "`id`": "it is no requirement",
    "${NUMPY}": "it is no requirement",
    "A\nRUN id": "a line break",
    "numpy\r--index-url=x": "a line break",
    "numpy\0": "control character",
    "numpy\\": "paths are not taken",
    "numpy===--index-url": "is no version",
    "numpy=1.2": "it is no requirement",
    "n" * 2000: "longer than",
}


@pytest.mark.parametrize("line", REFUSED)
def test_a19_c79_what_is_no_requirement_is_refused_with_line_and_rule(line):
    with pytest.raises(InvalidError) as refused:
        parse_requirement(line)
    assert refused.value.code == "InvalidRequirement"
    assert REFUSED[line] in refused.value.message
    assert refused.value.message.startswith("The requirement `")
    assert refused.value.hint


@pytest.mark.parametrize(
    "line",
    [
        "numpy",
        "numpy==1.2.3",
        "dask[complete,array]>=2,<3",
        "typing-extensions; python_version < '3.9' and sys_platform == 'linux'",
        "name~=1.4",
        "name===1.0",
        "  spaced  >= 1 ",
    ],
)
def test_names_extras_versions_and_markers_are_taken(line):
    assert parse_requirement(line) is not None


def test_comments_and_empty_lines_ask_for_nothing():
    parsed = parse_requirements(["# tools", "", "   ", "numpy  # fast", "\tpandas"])
    assert [str(requirement) for requirement in parsed] == ["numpy", "pandas"]


_TEXT = st.text() | st.text(alphabet="-ernumpy=<>;@:/.[]#'\" \t\n~!1,$(){}\\")


@given(_TEXT)
def test_a19_no_text_ever_becomes_an_option_or_an_address(line):
    try:
        requirement = parse_requirement(line)
    except InvalidError as error:
        assert error.code == "InvalidRequirement"  # noqa: PT017 - either outcome is right
        return
    if requirement is not None:
        text = str(requirement)
        assert text[0].isalnum()
        assert text.isprintable()
        assert requirement.url is None


@given(_TEXT)
def test_a19_no_conda_text_ever_becomes_an_option_or_an_address(spec):
    try:
        result = translate([spec])
    except InvalidError as error:
        assert error.code == "InvalidRequirement"  # noqa: PT017 - either outcome is right
        return
    for requirement in result.requirements:
        text = str(requirement)
        assert text[0].isalnum()
        assert text.isprintable()
        assert requirement.url is None
