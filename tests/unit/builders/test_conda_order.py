import pytest
from packaging.requirements import Requirement
from zaffre.adapters.builders.choice import choose_brought
from zaffre.adapters.builders.conda_order import brings_something, order_of, take
from zaffre.adapters.builders.interpreters import Interpreter
from zaffre.adapters.builders.plan import check, plan, want
from zaffre.adapters.builders.sdk_wheel import supported_pythons
from zaffre.domain.environments import EnvironmentSpec
from zaffre.domain.errors import InvalidError

OWN = Interpreter("/usr/bin/python3.11", (3, 11, 7), "x")


def ordered(*specs, request=None, preferred=(), bounds=()):
    wanted = take(specs, ("a", "b"))
    choice = choose_brought(request, OWN, floor=supported_pythons())
    limits = [Requirement(line) for line in bounds]
    order = order_of(wanted, choice, request=request, preferred=preferred, bounds=limits)
    return [attempt.specs for attempt in order.attempts]


def test_python_comes_from_conda_as_it_is_asked_for_or_as_the_server_has_it():
    assert ordered("numpy") == [("python=3.11", "numpy")]
    assert ordered("numpy", request="3.10") == [("python=3.10", "numpy")]
    assert ordered("numpy", request="3.10.4") == [
        ("python=3.10.4", "numpy"),
        ("python=3.10", "numpy"),
    ]
    assert ordered("numpy", request=">=3.9,<3.11")[-1][0] == "python=3.10"


def test_a_python_that_is_too_old_becomes_the_nearest_with_packages_of_its_age():
    found = ordered("numpy", "scipy=1.5", request="3.7.4", bounds=["numpy<2", "six<3"])
    assert found == [
        ("python=3.9", "numpy", "scipy=1.5", "numpy <2"),
        ("python=3.9", "numpy", "scipy=1.5"),
    ]


def test_what_the_submitting_program_has_is_tried_by_the_names_of_conda():
    found = ordered("pytorch", "six=1.16", preferred=["torch==2.1", "six==1.17"])
    assert found == [
        ("python=3.11", "pytorch", "six=1.16", "pytorch ==2.1"),
        ("python=3.11", "pytorch", "six=1.16"),
    ]


def test_packages_of_azure_ml_come_from_the_server_and_channels_keep_their_order():
    wanted = take(
        ["python=3.9", "azureml-sdk", "_libgcc_mutex", "b::x=1=py_0 # why", "r-base>=4|=3.6"],
        ["conda-forge", "nodefaults", "https://a.example/c", "conda-forge", ""],
    )
    assert wanted.specs == ["_libgcc_mutex", "b::x=1=py_0", "r-base>=4|=3.6"]
    assert wanted.channels == ("conda-forge", "https://a.example/c")
    assert (wanted.python, list(map(str, wanted.requirements))) == ("==3.9.*", ["azureml-sdk"])


@pytest.mark.parametrize(
    ("specs", "is_something"), [(["pip"], False), (["pip=20", "wheel"], False), (["r"], True)]
)
def test_tools_alone_need_no_conda(specs, is_something):
    assert brings_something(take(specs, ())) is is_something


@pytest.mark.parametrize(
    "spec",
    [
        "--file=/etc/passwd",
        "x[url=https://a.example/x.tar.bz2]",
        "x[version='1', md5=0]",
        "x $(id)",
        "@EXPLICIT",
        "https://a.example/x.tar.bz2",
        "file:///x::y",
        "a\nb",
        "../x::y",
        "x[channel=file:///x]",
        "x[version=1,channel=/srv/x]",
        "x[version=1 channel=/srv/x]",
        "x[subdir=../x]",
        "x.tar.bz2",
    ],
)
def test_a19_no_specification_is_an_option_or_a_place(spec):
    with pytest.raises(InvalidError, match="is not allowed"):
        take([spec], ())


@pytest.mark.parametrize(
    "channel",
    [
        *("/srv", "../x", "a/../b", "file:///x", "ftp://x/y", "http://a.example/c", "-c", "c d"),
        *("https://u:secret@a.example/c", "https://a.example/t/secret/c"),
        *("https://a.example/$HOME", "https://a.example/c,/srv"),
    ],
)
def test_a19_no_channel_is_a_place_of_the_server_or_tells_a_secret(channel):
    with pytest.raises(InvalidError, match="is not allowed") as caught:
        take([], [channel])
    assert "secret" not in caught.value.message


def test_what_conda_builds_is_never_taken_for_what_uv_builds():
    spec = EnvironmentSpec(conda_packages=("six",), channels=("c",))
    choice = choose_brought(None, OWN, floor=supported_pythons())
    keys = {
        plan(want(spec, with_conda=with_conda), choice).key({"python": "same"})
        for with_conda in (True, False)
    }
    assert len(keys) == 2


def test_alternatives_are_refused_early_only_where_there_is_no_conda():
    spec = EnvironmentSpec(conda_packages=("six=1|=2",))
    check(spec, with_conda=True)
    with pytest.raises(InvalidError, match="alternatives"):
        check(spec)
