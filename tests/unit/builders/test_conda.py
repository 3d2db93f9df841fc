import pytest
from zaffre.adapters.builders.conda import translate
from zaffre.domain.errors import InvalidError


@pytest.mark.parametrize(
    ("spec", "requirement"),
    [
        ("numpy", "numpy"),
        ("numpy=1.3", "numpy==1.3.*"),
        ("numpy==1.3", "numpy==1.3"),
        ("numpy=1.3.*", "numpy==1.3.*"),
        ("numpy=1.3*", "numpy==1.3.*"),
        ("numpy=1.2.3=py36_0", "numpy==1.2.3.*"),
        ("numpy==1.2.3=py36_0", "numpy==1.2.3"),
        ("numpy 1.2", "numpy==1.2"),
        ("numpy 1.2.*", "numpy==1.2.*"),
        ("numpy 1.2 py36_0", "numpy==1.2"),
        ("numpy >=1.2,<2", "numpy<2,>=1.2"),
        ("numpy>=1.2.*", "numpy>=1.2"),
        ("numpy!=1.2", "numpy!=1.2"),
        ("numpy~=1.2", "numpy~=1.2"),
        ("numpy=*", "numpy"),
        ("numpy[version='>=1,<2']", "numpy<2,>=1"),
        ("numpy[version=1.2,build=py36_0]", "numpy==1.2"),
        ("conda-forge::scikit-learn=1.3=build_1", "scikit-learn==1.3.*"),
        ("https://repo.example.org/channel::numpy", "numpy"),
        ("NumPy", "numpy"),
        ("numpy # fast", "numpy"),
        ("pytorch::pytorch=2.1", "torch==2.1.*"),
        ("py-xgboost<=0.90", "xgboost<=0.90"),
        ("opencv", "opencv-python-headless"),
        ("matplotlib-base", "matplotlib"),
        ("msgpack-python", "msgpack"),
        ("tensorflow-gpu==1.15", "tensorflow==1.15"),
        ("ray-default", "ray[default]"),
        ("pip=20.1", "pip"),
        ("setuptools", "setuptools"),
    ],
)
def test_specifications_become_requirements(spec, requirement):
    assert [str(each) for each in translate([spec]).requirements] == [requirement]


@pytest.mark.parametrize(
    "spec", ["cudatoolkit=11.3", "libgcc", "openmpi", "mkl", "openssl=1.1.1k", "r-base", "_openmp"]
)
def test_what_no_wheel_is_called_is_left_out_and_said(spec):
    result = translate([spec])
    assert result.requirements == []
    assert spec in result.notes[0]
    assert "left out" in result.notes[0]


def test_renaming_and_versions_of_tools_are_said():
    notes = translate(["pytorch", "pip=20.1"]).notes
    assert "pytorch (conda) is called torch on the Python package index." in notes
    assert "The version of pip=20.1 (conda) is not used." in notes


@pytest.mark.parametrize(("spec", "version"), [("python=3.6.2", "==3.6.2.*"), ("python", None)])
def test_python_is_a_wish_and_no_package(spec, version):
    result = translate([spec])
    assert (result.requirements, result.python) == ([], version)


@pytest.mark.parametrize(
    "spec",
    ["A\nRUN id", "--file x", "numpy>=1|<0.5", "numpy; touch x", "numpy=not-a-version!", "=1.2"],
)
def test_a19_other_text_is_refused(spec):
    with pytest.raises(InvalidError, match="is not allowed"):
        translate([spec])
