import hashlib
import subprocess
import sys
import zipfile
from importlib.metadata import Distribution

import pytest
from uv import find_uv_bin
from zaffre.adapters.builders import sdk_wheel as module
from zaffre.adapters.builders.sdk_wheel import SdkWheel, supported_pythons


@pytest.fixture
def wheel(tmp_path):
    return SdkWheel(tmp_path / "wheels").wheel()


def install(wheel, venv):
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", venv], check=True)
    python = venv / "bin" / "python"
    options = ("--offline", "--no-index", "--no-deps", "--no-config", "--python", python)
    subprocess.run(
        [find_uv_bin(), "pip", "install", "--quiet", *options, wheel.path], check=True, cwd="/"
    )
    return python


def test_it_installs_without_an_index_and_both_names_import(wheel, tmp_path):
    python = install(wheel, tmp_path / "venv")
    question = "import azureml, zaffre_sdk; print(azureml.__file__, zaffre_sdk.__file__)"
    said = subprocess.run([python, "-c", question], check=True, capture_output=True, text=True)
    assert said.stdout.count(str(tmp_path / "venv")) == 2


def test_it_holds_the_source_and_nothing_else(wheel):
    with zipfile.ZipFile(wheel.path) as archive:
        names = archive.namelist()
        record = archive.read(f"zaffre_sdk-{wheel.version}.dist-info/RECORD").decode()
    assert {name.split("/")[0] for name in names} == {
        "azureml",
        "zaffre_sdk",
        f"zaffre_sdk-{wheel.version}.dist-info",
    }
    assert "zaffre_sdk/py.typed" in names
    assert not any("__pycache__" in name for name in names)
    assert len(record.splitlines()) == len(names)


def test_the_same_source_gives_the_same_bytes(wheel, tmp_path):
    again = SdkWheel(tmp_path / "other").wheel()
    assert again.digest == wheel.digest
    digests = [hashlib.sha256(each.path.read_bytes()).digest() for each in (again, wheel)]
    assert digests[0] == digests[1]


def test_an_installed_sdk_gives_the_same_wheel_without_what_others_put_beside(
    wheel, tmp_path, monkeypatch
):
    python = install(wheel, tmp_path / "venv")
    (site,) = (tmp_path / "venv").glob("lib/*/site-packages")
    (site / "azureml" / "mlflow.py").write_text("# of a genuine package")
    subprocess.run([python, "-c", "import azureml, zaffre_sdk"], check=True)  # leaves bytecode
    installed = Distribution.at(site / f"zaffre_sdk-{wheel.version}.dist-info")
    monkeypatch.setattr(module, "distribution", lambda _name: installed)
    assert SdkWheel(tmp_path / "again").wheel().digest == wheel.digest


def test_a_changed_file_gives_another_wheel(tmp_path, monkeypatch):
    source = tmp_path / "src" / "zaffre_sdk" / "__init__.py"
    for package in ("zaffre_sdk", "azureml"):
        (tmp_path / "src" / package).mkdir(parents=True)
        (tmp_path / "src" / package / "__init__.py").write_text("")
    monkeypatch.setattr(
        module, "find_spec", lambda _name: type("Spec", (), {"origin": str(source)})
    )
    sdk = SdkWheel(tmp_path / "wheels")
    before = sdk.wheel()
    assert sdk.wheel() is before
    source.write_text("CHANGED = True\n")
    assert sdk.wheel().digest != before.digest


def test_the_floor_is_what_the_sdk_says_itself():
    assert supported_pythons().contains("3.9")
    assert not supported_pythons().contains("3.8")
