import sys

import pytest
from azureml.core.conda_dependencies import CondaDependencies
from azureml.exceptions import UserErrorException


def parse(tmp_path, text):
    file = tmp_path / "env.yml"
    file.write_text(text, "utf-8")
    return CondaDependencies(str(file))


def test_fresh_ones_ask_for_this_python_and_the_defaults():
    fresh = CondaDependencies()
    assert fresh.get_python_version() == f"{sys.version_info.major}.{sys.version_info.minor}"
    assert fresh.conda_packages == []
    assert fresh.pip_packages == ["azureml-defaults"]


def test_create_keeps_what_is_named():
    made = CondaDependencies.create(
        conda_packages=["scikit-learn", "pip"], pip_packages=["pandas==2.0"], python_version="3.8"
    )
    assert made.conda_packages == ["scikit-learn", "pip"]
    assert made.pip_packages == ["pandas==2.0"]
    assert made.get_python_version() == "3.8"
    assert CondaDependencies.create(conda_packages=["numpy"]).pip_packages == ["azureml-defaults"]
    assert CondaDependencies.create(pip_packages=[]).pip_packages == []


def test_a_second_requirement_replaces_the_first():
    made = CondaDependencies.create(conda_packages=["numpy=1.2"], pip_packages=["a-b>=1"])
    made.add_conda_package("conda-forge::NumPy=1.3")
    made.add_pip_package("a_b[x]==2")
    assert made.conda_packages == ["conda-forge::NumPy=1.3"]
    assert made.pip_packages == ["a_b[x]==2"]
    made.remove_conda_package("numpy")
    made.remove_pip_package("a-b")
    assert (made.conda_packages, made.pip_packages) == ([], [])


def test_options_channels_and_the_index():
    made = CondaDependencies.create(pip_packages=["x"], pip_indexurl="https://a.test/simple")
    made.set_pip_index_url("https://b.test/simple")
    made.add_channel("mine")
    made.add_channel("mine")
    assert made.pip_options == ["--index-url https://b.test/simple"]
    assert made.pip_packages == ["x"]
    assert list(made.conda_channels).count("mine") == 1
    made.remove_channel("mine")
    made.remove_pip_option("--index-url")
    assert made.pip_options == []
    assert "mine" not in made.conda_channels


def test_files_come_back_as_they_were_written(tmp_path):
    made = CondaDependencies.create(conda_packages=["numpy"], pip_packages=["x==1", "y"])
    path = made.save_to_file(str(tmp_path), "sub/conda.yml")
    again = CondaDependencies(str(tmp_path / path))
    assert again == made
    assert again.as_dict() == made.as_dict()
    assert "numpy" in made.serialize_to_string()


@pytest.mark.parametrize(
    ("text", "conda", "pip"),
    [
        ("dependencies:\n", [], []),
        ("dependencies: numpy\n", ["numpy"], []),
        ("dependencies:\n- python=3.8\n- pip:\n  - a\n- pip:\n  - b\n  - a\n", [], ["a", "b"]),
        ("dependencies:\n- pip:\n", [], []),
        ("dependencies:\n- pip: a\n-\n", [], ["a"]),
        ("channels: [x]\n", [], []),
    ],
)
def test_odd_files_are_understood(tmp_path, text, conda, pip):
    found = parse(tmp_path, text)
    assert (found.conda_packages, found.pip_packages) == (conda, pip)
    found.add_pip_package("later")
    assert found.pip_packages == [*pip, "later"]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("- just a list\n", "not a conda file"),
        ("dependencies:\n- numpy: 1.2\n", "`numpy`"),
        ("dependencies: 3\n", "`dependencies` must be a list"),
        ("a: [1\nb: 2\n", ":2:"),
        ("a: !!python/object/apply:os.system [id]\n", "not valid YAML"),
    ],
)
def test_bad_files_are_refused_with_their_path(tmp_path, text, words):
    with pytest.raises(UserErrorException) as error:
        parse(tmp_path, text)
    assert words in str(error.value)
    assert "env.yml" in str(error.value)


def test_a_missing_file_and_one_that_is_not_text(tmp_path):
    with pytest.raises(UserErrorException, match="cannot be read"):
        CondaDependencies(str(tmp_path / "absent.yml"))
    (tmp_path / "latin.yml").write_bytes(b"a: \xff\xfe")
    with pytest.raises(UserErrorException, match="not UTF-8"):
        CondaDependencies(str(tmp_path / "latin.yml"))


def test_arguments_of_wrong_types_are_named():
    with pytest.raises(UserErrorException, match="`conda_packages` must be a list"):
        CondaDependencies.create(conda_packages="numpy")
    with pytest.raises(UserErrorException, match="`pip_packages` must hold"):
        CondaDependencies.create(pip_packages=[1])


def test_requirements_of_one_package_are_merged():
    merged = CondaDependencies.merge_requirements(["numpy>=1", "pandas", "numpy<2", "numpy>=1"])
    assert merged == ["numpy>=1,<2", "pandas"]


def test_tensorflow_for_each_kind_of_core():
    made = CondaDependencies.create(pip_packages=[])
    made.add_tensorflow_pip_package("gpu", "2.1")
    made.add_tensorflow_conda_package()
    assert made.pip_packages == ["tensorflow-gpu==2.1"]
    assert made.conda_packages == ["tensorflow"]
    with pytest.raises(UserErrorException, match="`core_type`"):
        made.add_cntk_package("tpu")
