import json

import pytest
from azureml.core import _config
from azureml.exceptions import UserErrorException

SCOPE = {"subscription_id": "s", "resource_group": "g", "workspace_name": "w"}


@pytest.mark.parametrize("folder", [".azureml", "aml_config", ""])
def test_the_file_is_found_from_below(tmp_path, folder, monkeypatch):
    file = tmp_path / folder / "config.json"
    file.parent.mkdir(exist_ok=True)
    file.write_text(json.dumps(SCOPE))
    below = tmp_path / "a" / "b"
    below.mkdir(parents=True)
    monkeypatch.chdir(below)
    assert _config.read(None, None) == SCOPE
    assert _config.read(str(file), None) == SCOPE
    assert _config.read(str(tmp_path), None) == SCOPE


def test_what_is_written_is_read(tmp_path):
    written = _config.write(SCOPE, str(tmp_path), "other.json")
    assert written == tmp_path / ".azureml" / "other.json"
    assert _config.read(str(tmp_path), "other.json") == SCOPE


def test_c118_no_file_names_the_folders(tmp_path):
    with pytest.raises(UserErrorException) as error:
        _config.read(str(tmp_path), "absent.json")
    assert str(tmp_path) in str(error.value)
    assert "write_config" in str(error.value)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ('{"subscription_id": "s",\n  oops}', ":2:3"),
        ('{"subscription_id": "s", "resource_group": "g"}', "`workspace_name` is missing"),
        ("[]", "`subscription_id` is missing"),
    ],
)
def test_c119_a_malformed_file_is_placed(tmp_path, text, words):
    file = tmp_path / "config.json"
    file.write_text(text)
    with pytest.raises(UserErrorException) as error:
        _config.read(str(file), None)
    assert words in str(error.value)
    assert str(file) in str(error.value)
