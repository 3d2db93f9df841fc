"""The files of datastores as a client meets them."""

import asyncio
import hashlib
from urllib.parse import quote

import msgspec
import pytest
from doors import HOST, bearer_of
from zaffre_sdk.wire.datastores import DataFileList

from native.conftest import TAKES_MSGPACK, Api

NAMES = ["a/b.csv", "a/c.csv", "a.csv", "b/d.txt", "ä ö/%41+#?.csv"]


@pytest.fixture
def files(api: Api) -> str:
    return f"{api.home}/datastores/workspaceblobstore/files"


@pytest.fixture
def filled(api: Api, files: str) -> str:
    for name in NAMES:
        api.done("PUT", f"{files}/{quote(name)}", name.encode())
    return files


def paths(answer: dict) -> list[str]:
    return [file["path"] for file in answer["value"]]


def test_what_is_sent_is_what_is_fetched(api: Api, files: str):
    data = bytes(range(256)) * 10_000
    sent = api.done("PUT", f"{files}/deep/er/x.bin", data)
    assert (sent["path"], sent["size"]) == ("deep/er/x.bin", len(data))
    reply = api.ask("GET", f"{files}/deep/er/x.bin")
    assert reply.body == data
    assert reply.complete
    assert reply.headers["etag"] == f'"{sent["mark"]}"'
    assert reply.headers["content-length"] == str(len(data))
    assert reply.headers["accept-ranges"] == "bytes"
    assert reply.headers["content-disposition"].startswith("attachment")
    head = api.ask("HEAD", f"{files}/deep/er/x.bin")
    assert (head.status, head.body) == (200, b"")
    assert head.headers["content-length"] == str(len(data))
    assert head.headers["etag"] == reply.headers["etag"]


@pytest.mark.parametrize(
    ("wanted", "part", "said"),
    [
        (b"bytes=2-4", b"234", "bytes 2-4/10"),
        (b"bytes=7-", b"789", "bytes 7-9/10"),
        (b"bytes=-2", b"89", "bytes 8-9/10"),
        (b"bytes=5-99", b"56789", "bytes 5-9/10"),
    ],
)
def test_a_part_is_answered(api: Api, files: str, wanted, part, said):
    api.done("PUT", f"{files}/x", b"0123456789")
    reply = api.ask("GET", f"{files}/x", headers=((b"range", wanted),))
    assert (reply.status, reply.body) == (206, part)
    assert reply.headers["content-range"] == said
    assert reply.headers["content-length"] == str(len(part))


def test_a_part_that_is_not_there(api: Api, files: str):
    api.done("PUT", f"{files}/x", b"0123456789")
    reply = api.ask("GET", f"{files}/x", headers=((b"range", b"bytes=10-"),))
    assert (reply.status, reply.code) == (416, "InvalidRange")
    assert reply.headers["content-range"] == "bytes */10"


def test_lists_are_read_page_by_page(api: Api, filled: str):
    seen, after, pages = [], "", 0
    while True:
        page = api.done("GET", f"{filled}?limit=2{after}")
        seen += paths(page)
        pages += 1
        if page["next"] is None:
            break
        after = f"&after={page['next']}"
    assert seen == sorted(NAMES)
    assert pages == 3
    first = api.done("GET", f"{filled}?limit=2")
    asked = f"{filled}?limit=2&prefix=a&after={first['next']}"
    assert api.refused("GET", asked) == (400, "InvalidContinuation")


def test_lists_are_narrowed(api: Api, filled: str):
    for query, found in {
        "prefix=a/": ["a/b.csv", "a/c.csv"],
        "prefix=a": ["a.csv", "a/b.csv", "a/c.csv"],
        "pattern=a": ["a/b.csv", "a/c.csv"],
        "pattern=*/*.csv": ["a/b.csv", "a/c.csv", "ä ö/%41+#?.csv"],
        "pattern=**/*.txt": ["b/d.txt"],
        "pattern=a/b.csv": ["a/b.csv"],
        "pattern=*.parquet": [],
    }.items():
        assert paths(api.done("GET", f"{filled}?{query}")) == found, query


def test_a_list_comes_packed_when_it_is_wanted(api: Api, filled: str):
    reply = api.ask("GET", filled, headers=(TAKES_MSGPACK,))
    assert reply.headers["content-type"].startswith("application/vnd.msgpack")
    found = msgspec.msgpack.decode(reply.body, type=DataFileList)
    assert [file.path for file in found.value] == sorted(NAMES)


@pytest.mark.parametrize("limit", [0, 10_001, -1])
def test_the_length_of_a_page_is_bounded(api: Api, files: str, limit: int):
    assert api.refused("GET", f"{files}?limit={limit}") == (400, "InvalidParameter")


def test_a_file_is_replaced_only_when_it_may_be(api: Api, files: str):
    api.done("PUT", f"{files}/x", b"old")
    assert api.refused("PUT", f"{files}/x", b"new") == (409, "DataFileExists")
    assert api.ask("GET", f"{files}/x").body == b"old"
    api.done("PUT", f"{files}/x?overwrite=true", b"new")
    assert api.ask("GET", f"{files}/x").body == b"new"


def test_c69_bytes_that_changed_on_their_way_are_not_kept(api: Api, files: str):
    right = (b"x-zaffre-digest", hashlib.sha256(b"data").hexdigest().encode())
    assert api.refused("PUT", f"{files}/x", b"date", headers=(right,)) == (422, "DigestMismatch")
    assert paths(api.done("GET", files)) == []
    api.done("PUT", f"{files}/x", b"data", headers=(right,))


def test_r24_an_upload_that_ends_early_is_never_seen(api: Api, files: str):
    async def receive():
        return next(messages)

    async def send(message):
        sent.append(message)

    sent: list[dict] = []
    messages = iter(
        [
            {"type": "http.request", "body": b"x" * 3_000_000, "more_body": True},
            {"type": "http.disconnect"},
        ]
    )
    path = f"{files}/x"
    scope = {
        "type": "http", "asgi": {"version": "3.0"}, "http_version": "1.1", "method": "PUT",
        "scheme": "http", "path": path, "raw_path": path.encode(), "query_string": b"",
        "root_path": "", "headers": [bearer_of(None), HOST], "client": ("127.0.0.1", 1),
        "server": ("127.0.0.1", 8642),
    }  # fmt: skip
    api.runner.run(asyncio.wait_for(api.doors.app(scope, receive, send), 30))
    assert sent[0]["status"] == 400
    assert paths(api.done("GET", files)) == []


def test_removal_takes_a_file_or_a_folder(api: Api, filled: str):
    assert api.done("DELETE", f"{filled}?prefix=a") == {"count": 2}
    assert paths(api.done("GET", filled)) == ["a.csv", "b/d.txt", "ä ö/%41+#?.csv"]
    assert api.done("DELETE", f"{filled}?prefix=b/") == {"count": 1}
    assert api.done("DELETE", f"{filled}?prefix=a.csv") == {"count": 1}
    assert api.done("DELETE", f"{filled}?prefix=none") == {"count": 0}
    assert api.refused("DELETE", f"{filled}?prefix=") == (400, "InvalidPath")
    assert api.refused("DELETE", filled)[0] == 400
    assert len(paths(api.done("GET", filled))) == 1


def test_absent(api: Api, files: str):
    assert api.refused("GET", f"{files}/no") == (404, "DataFileNotFound")
    assert api.ask("HEAD", f"{files}/no").status == 404


@pytest.mark.parametrize(
    "path", ["a%2F..%2F..%2Fb", "%2E%2E/x", "a%00b", "a/./b", "a%5Cb", "con", "a:b", ".zaffre-x"]
)
def test_a04_a05_paths_that_are_not_plain_are_not_written(api: Api, files: str, path: str):
    status, code = api.refused("PUT", f"{files}/{path}", b"x")
    assert (status, code) in {(400, "InvalidPath"), (404, "RouteNotFound")}
    assert paths(api.done("GET", files)) == []


def test_the_token_of_a_run_reads_and_writes(api: Api, files: str):
    token = api.token_of(api.run())
    api.done("PUT", f"{files}/x", b"data", token=token)
    assert api.ask("GET", f"{files}/x", token=token).body == b"data"
    assert paths(api.done("GET", files, token=token)) == ["x"]
    assert api.done("DELETE", f"{files}?prefix=x", token=token) == {"count": 1}


def test_what_has_no_files_says_so(api: Api):
    stores = f"{api.home}/datastores"
    database = {"server_name": "db", "database_name": "d"}
    api.done("POST", stores, {"name": "db", "kind": "azure_mysql", "settings": database})
    assert api.refused("GET", f"{stores}/db/files") == (400, "DatastoreHasNoFiles")
    share = {"account_name": "a", "container_name": "c"}
    api.done("POST", stores, {"name": "share", "kind": "azure_file", "settings": share})
    assert api.refused("GET", f"{stores}/share/files") == (400, "DatastoreNotSpoken")


def test_a_datastore_that_was_overwritten_is_opened_anew(api: Api, tmp_path):
    stores = f"{api.home}/datastores"
    for folder in ("one", "two"):
        settings = {"root": "data", "folder": folder}
        body = {"name": "near", "kind": "local", "settings": settings, "overwrite": True}
        api.done("POST", stores, body)
        api.done("PUT", f"{stores}/near/files/{folder}", b"x")
        assert paths(api.done("GET", f"{stores}/near/files")) == [folder]
        assert (tmp_path / "data root" / folder / folder).exists()
