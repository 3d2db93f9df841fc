import pytest
from zaffre.adapters.builders.pip_options import PipOptions, parse_options, read_arguments
from zaffre.domain.errors import InvalidError


def options(*lines):
    return parse_options(lines)[0]


def test_addresses_go_to_uv_in_variables_and_not_in_arguments():
    asked = options(
        "--extra-index-url https://me:secret@a.test/simple",
        "--find-links=https://b.test/files",
        "-i https://c.test/simple",
        "--pre",
    )
    server = {"UV_INDEX": "https://own.test", "UV_FIND_LINKS": "/opt/wheels"}
    assert asked.environ(server) == {
        "UV_DEFAULT_INDEX": "https://c.test/simple",
        "UV_INDEX": "https://me:secret@a.test/simple https://own.test",
        "UV_FIND_LINKS": "https://b.test/files,/opt/wheels",
        "UV_INDEX_STRATEGY": "unsafe-first-match",
        "UV_PRERELEASE": "allow",
    }
    assert asked.arguments(["six"]) == []
    assert PipOptions().environ(server) == {
        "UV_INDEX": "https://own.test",
        "UV_FIND_LINKS": "/opt/wheels",
    }


def test_which_packages_are_built():
    asked = options("--no-binary Foo.Bar,six", "--only-binary=:all:")
    assert asked.arguments([]) == [
        "--no-binary=foo-bar",
        "--no-binary=six",
        "--only-binary=:all:",
    ]
    assert options("--no-binary=:all:").arguments(["six", "idna"]) == [
        "--no-binary=idna",
        "--no-binary=six",
    ]


def test_how_pip_works_has_no_effect_and_is_said():
    asked, notes = parse_options(["--no-cache-dir --timeout 60", "--retries=3"])
    assert asked == PipOptions()
    assert notes == (
        "--no-cache-dir has no effect here.",
        "--timeout has no effect here.",
        "--retries has no effect here.",
    )


def test_without_tls_only_where_it_is_said_or_on_this_machine():
    assert options("--index-url http://127.0.0.1:9/simple").index
    trusted = options("--extra-index-url http://a.test/simple", "--trusted-host a.test:80")
    assert trusted.environ({})["UV_INSECURE_HOST"] == "a.test:80"
    with pytest.raises(InvalidError, match=r"`a\.test` would be asked without TLS") as refused:
        options("--extra-index-url http://a.test/simple")
    assert "--trusted-host a.test" in refused.value.hint


@pytest.mark.parametrize(
    ("line", "rule"),
    [
        ("--global-option=build_ext", "`--global-option` is not taken"),
        ("--install-option=--prefix=/x", "`--install-option` is not taken"),
        ("--config-settings x=y", "`--config-settings` is not taken"),
        ("-e .", "`-e` is not taken"),
        ("--editable=.", "`--editable` is not taken"),
        ("-c /etc/passwd", "`-c` is not taken"),
        ("-r /etc/passwd", "more than an option"),
        ("--pre six", "more than an option"),
        ("six", "it is no option"),
        ("--find-links /etc", "not one of the web"),
        ("--find-links file:///etc", "not one of the web"),
        ("--index-url https://a.test,https://b.test", "not one of the web"),
        ("--index-url ftp://a.test", "not one of the web"),
        ("--index-url", "lacks its value"),
        ("--no-binary $(id)", "`$(id)` is no package"),
        ("--trusted-host `id`", "is no host"),
        ("--index-url 'https://a", "quotes are not closed"),
        ("--pre\n--index-url https://a.test", "line break"),
        ("--pre=yes", "`--pre` is not taken"),
    ],
)
def test_a19_c79_what_runs_commands_or_reads_files_is_refused(line, rule):
    with pytest.raises(InvalidError) as refused:
        options(line)
    assert refused.value.code == "InvalidRequirement"
    assert rule in refused.value.message
    assert refused.value.hint


def test_a_refusal_does_not_tell_a_password():
    with pytest.raises(InvalidError) as refused:
        options("--index-url http://me:secret@a.test/simple")
    assert "secret" not in refused.value.message


def test_the_words_behind_pip_install():
    found = read_arguments(["-q", "six==1.16", "-r", "a.txt", "--requirement=b.txt"], "x")
    assert (found.requirements, found.files) == (("six==1.16",), ("a.txt", "b.txt"))
    assert PipOptions(index="https://a") + PipOptions(index="https://b") == PipOptions(
        index="https://b"
    )
