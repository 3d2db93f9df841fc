"""Files at addresses, from servers that behave as badly as they can."""

import hashlib
import os
from dataclasses import replace
from types import SimpleNamespace

import pytest
from scripted import Reply, scripted
from zaffre_sdk.data.access import Fetch
from zaffre_sdk.data.cache import DataCache
from zaffre_sdk.data.laying import lay
from zaffre_sdk.data.listing import list_files, local_files
from zaffre_sdk.data.web import WebFiles
from zaffre_sdk.errors import (
    NoFilesError,
    SdkError,
    SourceError,
    TransferError,
    UnsafePathError,
)
from zaffre_sdk.wire.datasets import DataPlace, Definition

BODY = os.urandom(300_000)


def held(folder):
    return [path.name for path in folder.iterdir()]


@pytest.fixture(autouse=True)
def no_pauses(monkeypatch):
    monkeypatch.setattr("zaffre_sdk.data.web._FIRST_PAUSE", 0.001)


def served(asked, body=BODY, **headers):
    """Answer as a good server does, parts included."""
    headers = {"etag": '"one"', **headers}
    part = asked.headers.get("range", "")
    if not part:
        return Reply(200, body, headers)
    first, _, last = part.removeprefix("bytes=").partition("-")
    start, end = int(first), min(int(last or len(body)), len(body) - 1)
    headers["content_range"] = f"bytes {start}-{end}/{len(body)}"
    return Reply(206, body[start : end + 1], headers)


def fetched(server, tmp_path, path="/a.csv"):
    web = WebFiles()
    [file] = web.list(server.url + path)
    web.fetch([Fetch(file, tmp_path / "got")])
    assert held(tmp_path) == ["got"]
    return (tmp_path / "got").read_bytes()


def test_a_file_is_described_and_fetched(tmp_path):
    headers = {"last_modified": "Sat, 21 Nov 2026 09:00:00 GMT"}
    with scripted(lambda asked: served(asked, **headers)) as server:
        [file] = WebFiles().list(f"{server.url}/a.csv")
        assert (file.size, file.mark) == (len(BODY), '"one"')
        assert file.modified_at == 1795251600
        assert fetched(server, tmp_path) == BODY
        assert WebFiles().read(file, start=5, length=7) == BODY[5:12]


def test_whoever_refuses_head_is_asked_for_one_byte(tmp_path):
    def answer(asked):
        return Reply(405) if asked.method == "HEAD" else served(asked)

    with scripted(answer) as server:
        [file] = WebFiles().list(f"{server.url}/a.csv")
        assert file.size == len(BODY)
        assert fetched(server, tmp_path) == BODY


def test_what_breaks_off_goes_on_where_it_broke(tmp_path):
    def answer(asked):
        whole = served(asked)
        if asked.method == "GET" and len(server.asked) < 5:
            length = str(len(whole.body))
            return Reply(
                whole.status, whole.body[:50_000], {**whole.headers, "content_length": length}
            )
        return whole

    with scripted(answer) as server:
        assert fetched(server, tmp_path) == BODY
        ranges = [one.headers.get("range") for one in server.asked if one.method == "GET"]
        assert ranges[0] is None
        assert ranges[1] == "bytes=50000-"
        assert server.asked[-1].headers["if-range"] == '"one"'


def test_a_file_that_changed_meanwhile_begins_again(tmp_path):
    new = BODY[::-1]

    def answer(asked):
        if asked.method == "HEAD":
            return served(asked)
        if len([one for one in server.asked if one.method == "GET"]) == 1:
            return Reply(200, BODY[:50_000], {"etag": '"one"', "content_length": str(len(BODY))})
        return Reply(200, new, {"etag": '"two"'})

    with scripted(answer) as server:
        assert fetched(server, tmp_path) == new


def test_whoever_gives_less_than_was_asked_for_is_asked_for_the_rest(tmp_path):
    def answer(asked):
        if asked.method == "GET" and not asked.headers.get("range"):
            return Reply(200, BODY[:9], {"etag": '"one"', "content_length": str(len(BODY))})
        first = asked.headers.get("range", "bytes=0-").removeprefix("bytes=")[:-1]
        part = {**asked.headers, "range": f"bytes={first}-{int(first) + 99_999}"}
        return served(replace(asked, headers=part) if asked.method == "GET" else asked)

    with scripted(answer) as server:
        assert fetched(server, tmp_path) == BODY


@pytest.mark.parametrize(
    "part",
    ["bytes 200000-299999/300000", "", "bytes 9-299999/300000"],
    ids=["later", "none", "new"],
)
def test_parts_of_something_else_are_not_kept(tmp_path, part):
    def answer(asked):
        if asked.method == "HEAD":
            return served(asked)
        if not asked.headers.get("range"):
            return Reply(200, BODY[:9], {"etag": '"one"', "content_length": str(len(BODY))})
        return Reply(206, BODY[9:], {"etag": '"two"', "content_range": part})

    with scripted(answer) as server:
        web = WebFiles()
        [file] = web.list(f"{server.url}/a.csv")
        with pytest.raises(TransferError, match=r"changed while|which part"):
            web.fetch([Fetch(file, tmp_path / "got")])
    assert held(tmp_path) == []


def test_parts_are_read_from_whoever_sends_all_and_never_of_another_state():
    tags = ['"one"']
    with scripted(lambda _: Reply(200, BODY, {"etag": tags[0]})) as server:
        web = WebFiles()
        [file] = web.list(f"{server.url}/a.csv")
        assert web.read(file, start=270_000, length=7) == BODY[270_000:270_007]
        assert web.read(file, start=270_000) == BODY[270_000:]
        tags[0] = '"two"'
        with pytest.raises(TransferError, match="changed while it was fetched"):
            web.read(file, start=5, length=7)


def test_addresses_are_spelled_as_browsers_do(tmp_path):
    def answer(asked):
        is_first = asked.path == "/a%20b/Gr%C3%B6%C3%9Fe.csv?q=%C3%A4%26"
        return Reply(302, b"", {"location": "/nächste"}) if is_first else served(asked)

    with scripted(answer) as server:
        assert fetched(server, tmp_path, "/a b/Größe.csv?q=ä%26") == BODY
        assert server.asked[-1].path == "/n%E4chste"


@pytest.mark.parametrize("address", ["http://[::1/a", "ftp://host/a", "http:///a"])
def test_what_is_no_address_is_said(address):
    with pytest.raises(UnsafePathError, match="is no"):
        WebFiles().list(address)


def test_files_of_unknown_size_are_fetched_where_they_were_to_be_mounted(tmp_path, monkeypatch):
    monkeypatch.setattr("zaffre_sdk.data.fusing.reason_against", lambda: None)
    said = []
    with scripted(lambda asked: Reply(200, BODY if asked.method == "GET" else b"")) as server:
        client = SimpleNamespace(id="w")
        definition = places(f"{server.url}/a.csv")
        [laid] = lay(client, definition, tmp_path, mode="mount", say=said.append)
    assert laid.read_bytes() == BODY
    assert "the size of `a.csv` is not known" in said[0]


def test_whoever_never_ends_an_answer_is_given_up_and_nothing_is_left(tmp_path):
    def answer(asked):
        if asked.method == "HEAD":
            return served(asked)
        return Reply(200, b"", {"content_length": "100"})

    with scripted(answer) as server:
        web = WebFiles()
        [file] = web.list(f"{server.url}/a.csv")
        with pytest.raises(TransferError, match="cannot be fetched"):
            web.fetch([Fetch(file, tmp_path / "got")])
        assert held(tmp_path) == []


def test_c73_what_is_not_there_is_said_without_what_may_be_secret():
    with (
        scripted(lambda _: Reply(404)) as server,
        pytest.raises(NoFilesError, match=r"nothing at `http://.*/a\.csv`") as caught,
    ):
        WebFiles().list(f"{server.url}/a.csv?key=secret")
    assert "secret" not in str(caught.value)


def test_a_server_that_refuses_is_named():
    with (
        scripted(lambda _: Reply(403)) as server,
        pytest.raises(TransferError, match="answered 403"),
    ):
        WebFiles().list(f"{server.url}/a.csv")


def test_a_busy_server_is_asked_again(tmp_path):
    with scripted(lambda a: served(a) if len(server.asked) > 3 else Reply(503)) as server:
        assert fetched(server, tmp_path) == BODY


def test_redirects_are_followed_not_for_ever_and_only_to_the_web(tmp_path):
    def answer(asked):
        there = {"/a.csv": "/b.csv", "/loop": "/loop", "/file": "file:///etc/passwd"}
        where = there.get(asked.path)
        return Reply(302, b"", {"location": where}) if where else served(asked)

    with scripted(answer) as server:
        assert fetched(server, tmp_path) == BODY
        with pytest.raises(TransferError, match="more than 5 times"):
            WebFiles().list(f"{server.url}/loop")
        with pytest.raises(UnsafePathError, match=r"file:///etc/passwd"):
            WebFiles().list(f"{server.url}/file")


def test_nothing_is_sent_to_an_address():
    with pytest.raises(SourceError, match="cannot be sent"):
        WebFiles().send([])


def places(*addresses):
    return Definition(kind="file", places=[DataPlace(path=one) for one in addresses])


def test_a08_names_come_from_the_address_alone():
    headers = {"content_disposition": 'attachment; filename="../../.bashrc"'}
    with scripted(lambda asked: served(asked, **headers)) as server:
        one = list_files(None, places(f"{server.url}/x/../a%2Fb.csv?sig=1"))
        assert [file.relative for file in one] == ["a%2Fb.csv"]
        two = list_files(
            None, places(f"{server.url}/x/a.csv", f"{server.url}/x/a.csv?b", f"{server.url}/")
        )
        host = f"http%3A/%2F127.0.0.1%3A{server.port}"
        mark = hashlib.sha256(b"b").hexdigest()[:8]
        assert [file.relative for file in two] == [
            f"{host}/x/a.csv",
            f"{host}/x/a-{mark}.csv",
            f"{host}/127.0.0.1%3A{server.port}",
        ]


def test_files_are_fetched_once_while_their_mark_stays(tmp_path):
    cache = DataCache(tmp_path / "cache")
    tags = ['"one"']
    with scripted(lambda asked: served(asked, etag=tags[0])) as server:
        definition = places(f"{server.url}/a.csv")
        [first] = cache.local(list_files(None, definition))
        [again] = cache.local(list_files(None, definition))
        gets = [one for one in server.asked if one.method == "GET"]
        assert (first, len(gets)) == (again, 1)
        assert first.suffix == ".csv"
        assert first.read_bytes() == BODY
        tags[0] = '"two"'
        [other] = cache.local(list_files(None, definition))
        assert other != first


def test_a_file_without_any_mark_is_fetched_each_time(tmp_path):
    cache = DataCache(tmp_path / "cache")
    with scripted(lambda _: Reply(200, BODY)) as server:
        for _ in range(2):
            [path] = cache.local(list_files(None, places(f"{server.url}/a.csv")))
            assert path.read_bytes() == BODY
        assert len([one for one in server.asked if one.method == "GET"]) == 2


def test_a_size_that_is_none_is_named(tmp_path, monkeypatch):
    monkeypatch.setenv("ZAFFRE_DATA_CACHE_BYTES", "20G")
    with (
        scripted(served) as server,
        pytest.raises(SdkError, match="ZAFFRE_DATA_CACHE_BYTES` is `20G`"),
    ):
        DataCache(tmp_path / "cache").local(list_files(None, places(f"{server.url}/a.csv")))


def test_the_cache_forgets_what_was_not_used_for_long(tmp_path, monkeypatch):
    monkeypatch.setenv("ZAFFRE_DATA_CACHE_BYTES", str(len(BODY) + 10))
    cache = DataCache(tmp_path / "cache")
    with scripted(served) as server:
        [old] = cache.local(list_files(None, places(f"{server.url}/a.csv")))
        os.utime(old, (1, 1))
        [young] = cache.local(list_files(None, places(f"{server.url}/b.csv")))
    assert not old.exists()
    assert young.read_bytes() == BODY


def test_local_files_need_no_cache(tmp_path, monkeypatch):
    monkeypatch.setenv("ZAFFRE_HOME", str(tmp_path / "home"))
    with scripted(served) as server:
        [path] = local_files(list_files(None, places(f"{server.url}/a.csv")))
    assert path.is_relative_to(tmp_path / "home")
