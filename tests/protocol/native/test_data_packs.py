"""Many small files of a datastore in one request."""

import base64

import msgspec
import pytest
from zaffre_sdk.wire import datastores as wire

from native.conftest import MSGPACK, TAKES_MSGPACK, Api


@pytest.fixture
def store(api: Api) -> str:
    return f"{api.home}/datastores/workspaceblobstore"


def packed(api: Api, path: str, body: msgspec.Struct, shape: type) -> list:
    headers = (MSGPACK, TAKES_MSGPACK)
    reply = api.ask("POST", path, msgspec.msgpack.encode(body), headers=headers)
    assert reply.status == 200, reply.body
    return msgspec.msgpack.decode(reply.body, type=shape).value


def pack_of(**files: bytes) -> wire.DataPackIn:
    sent = [wire.PackedFile(path=path, data=data) for path, data in files.items()]
    return wire.DataPackIn(files=sent)


def wanted(*paths: str, mark: str = "") -> wire.DataPackWanted:
    return wire.DataPackWanted(files=[wire.WantedFile(path=path, mark=mark) for path in paths])


def test_a_pack_goes_there_and_back(api: Api, store: str):
    data = bytes(range(256))
    sent = pack_of(**{"a/b": data, "c": b""})
    assert packed(api, f"{store}/packs", sent, wire.DataPackWritten) == [True, True]
    assert packed(api, f"{store}/packs", sent, wire.DataPackWritten) == [False, False]
    there = packed(api, f"{store}/packs?overwrite=true", sent, wire.DataPackWritten)
    assert there == [True, True]
    assert packed(api, f"{store}/packs/read", wanted("c", "a/b"), wire.DataPack) == [b"", data]
    listed = api.done("GET", f"{store}/files")["value"]
    assert [(one["path"], one["size"]) for one in listed] == [("a/b", 256), ("c", 0)]


def test_a_pack_in_json(api: Api, store: str):
    text = base64.b64encode(b"\0\xff").decode()
    sent = {"files": [{"path": "a", "data": text}]}
    assert api.done("POST", f"{store}/packs", sent) == {"value": [True]}
    asked = {"files": [{"path": "a"}]}
    assert api.done("POST", f"{store}/packs/read", asked) == {"value": [text]}


def test_a_pack_that_cannot_be_read_is_refused(api: Api, store: str):
    api.done("PUT", f"{store}/files/a", b"x")
    read = f"{store}/packs/read"
    changed = {"files": [{"path": "a", "mark": "another"}]}
    assert api.refused("POST", read, changed) == (422, "DataFileChanged")
    assert api.refused("POST", read, {"files": [{"path": "b"}]}) == (404, "DataFileNotFound")
    api.done("PUT", f"{store}/files/large", bytes(8 << 20))
    both = {"files": [{"path": "a"}, {"path": "large"}]}
    assert api.refused("POST", read, both) == (413, "PackTooLarge")


def test_a_pack_has_an_end(api: Api, store: str):
    asked = {"files": [{"path": "a"}] * 129}
    assert api.refused("POST", f"{store}/packs/read", asked) == (400, "PackTooLong")
    sent = {"files": [{"path": f"{n}", "data": ""} for n in range(129)]}
    assert api.refused("POST", f"{store}/packs", sent) == (400, "PackTooLong")
    assert api.done("GET", f"{store}/files")["value"] == []


def test_a04_a05_paths_that_are_not_plain_are_not_written_in_packs(api: Api, store: str):
    for path in ("../a", "/a", ".zaffre-parts/a", "a\\b"):
        sent = {"files": [{"path": "fine", "data": ""}, {"path": path, "data": ""}]}
        assert api.refused("POST", f"{store}/packs", sent) == (400, "InvalidPath")
    assert api.done("GET", f"{store}/files")["value"] == []
