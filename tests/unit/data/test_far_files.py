"""Files that a server passes on."""

from types import SimpleNamespace

import pytest
from zaffre_sdk.data.access import Send
from zaffre_sdk.data.far import FarFiles
from zaffre_sdk.errors import SourceError
from zaffre_sdk.wire.datastores import DataFile


class Stores:
    """Lists what it is given, and reads what it is sent."""

    def __init__(self, **sizes):
        self.found = [DataFile(path=p, size=s, modified_at=0.0, mark="") for p, s in sizes.items()]

    def files(self, *_, **__):
        return iter(self.found)

    def upload(self, _name, _path, source, **_):
        source.read_bytes()


def far(stores):
    return FarFiles(SimpleNamespace(id="w", datastores=stores), "store")


def test_empty_files_that_stand_for_folders_are_left_out():
    sizes = {"data": 0, "data/a": 1, "data/deep": 0, "data/deep/b": 1, "empty": 0, "full": 1}
    found = far(Stores(**sizes)).list()
    assert [file.path for file in found] == ["data/a", "data/deep/b", "empty", "full"]


def test_a_source_that_cannot_be_read_is_said(tmp_path):
    with pytest.raises(SourceError, match="absent` cannot be read: No such file"):
        far(Stores()).send([Send(tmp_path / "absent", "a")])
