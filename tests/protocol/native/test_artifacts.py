import hashlib

import pytest
from zaffre.services.keeper import BlobKeeper

from native.conftest import Api

DATA = b"0123456789"
DIGEST = hashlib.sha256(DATA).hexdigest()


def test_a_file_goes_up_and_comes_down(api: Api, run: str):
    stored = api.done("PUT", f"{run}/artifacts/outputs/a%20b.txt", DATA)
    assert (stored["path"], stored["digest"], stored["size"]) == ("outputs/a b.txt", DIGEST, 10)
    reply = api.ask("GET", f"{run}/artifacts/outputs/a%20b.txt")
    assert (reply.status, reply.body) == (200, DATA)
    assert reply.headers["content-length"] == "10"
    assert reply.headers["x-zaffre-digest"] == DIGEST
    assert reply.headers["content-disposition"].startswith("attachment")
    part = api.ask(
        "GET", f"{run}/artifacts/outputs/a%20b.txt", headers=((b"range", b"bytes=2-4"),)
    )
    assert (part.status, part.body, part.headers["content-range"]) == (206, b"234", "bytes 2-4/10")
    assert api.done("GET", f"{run}/artifacts") == {"value": [stored], "next": None}


def test_an_empty_file_goes_up_and_comes_down(api: Api, run: str):
    assert api.done("PUT", f"{run}/artifacts/empty", b"")["size"] == 0
    assert api.ask("GET", f"{run}/artifacts/empty").body == b""


def test_r01_a_small_file_is_in_the_database_until_it_is_a_durable_one(api: Api, run: str):
    house = api.doors.house
    length = (b"content-length", b"10")
    other = (b"x-zaffre-digest", b"0" * 64)
    refused = api.refused("PUT", f"{run}/artifacts/a", DATA, headers=(length, other))
    assert refused == (422, "DigestMismatch")
    said = (length, (b"x-zaffre-digest", DIGEST.encode()))
    assert api.done("PUT", f"{run}/artifacts/a", DATA, headers=said)["digest"] == DIGEST
    kept = api.runner.run(house.work.read(lambda s: s.stores.kept.page(limit=9, after="")))
    assert kept == [(DIGEST, DATA)]
    assert api.ask("GET", f"{run}/artifacts/a").body == DATA
    assert api.runner.run(BlobKeeper(house.work, house.blobs).secure())
    assert api.runner.run(house.work.read(lambda s: s.stores.kept.list(limit=9))) == []
    assert api.ask("GET", f"{run}/artifacts/a").body == DATA


def test_c69_another_digest_than_announced_is_422_and_stores_nothing(api: Api, run: str):
    wrong = ((b"x-zaffre-digest", b"0" * 64),)
    refused = api.refused("PUT", f"{run}/artifacts/a", DATA, headers=wrong)
    assert refused == (422, "DigestMismatch")
    assert api.done("GET", f"{run}/artifacts")["value"] == []
    odd = ((b"x-zaffre-digest", b"xyz"),)
    assert api.refused("PUT", f"{run}/artifacts/a", DATA, headers=odd) == (400, "InvalidDigest")
    right = ((b"x-zaffre-digest", DIGEST.encode()),)
    assert api.done("PUT", f"{run}/artifacts/a", DATA, headers=right)["digest"] == DIGEST


@pytest.mark.parametrize(
    "path",
    [
        "..",
        "../x",
        "a/../../x",
        "%2e%2e/x",
        "%2e%2e%2fx",
        "a%5c..%5cx",
        "%5c%5chost%5cshare",
        "C:x",
        "a/./b",
        "a%00b",
        "con",
        "a./b",
        "a%20/b",
        "a%0ab",
    ],
)
def test_a05_c67_paths_that_climb_are_refused(api: Api, run: str, path: str):
    assert api.ask("PUT", f"{run}/artifacts/{path}", DATA).status in {400, 404, 405}
    assert api.ask("GET", f"{run}/artifacts/{path}").status in {400, 404}
    assert api.done("GET", f"{run}/artifacts")["value"] == []


@pytest.mark.parametrize("path", ["%252e%252e%252fx", "%252e%252e/%252e%252e/x", "a%252f..%252fb"])
def test_a04_a_path_is_decoded_once(api: Api, run: str, path: str):
    reply = api.ask("PUT", f"{run}/artifacts/{path}", DATA)
    if reply.status == 200:
        assert reply.json["path"] == path.replace("%25", "%")
    else:
        assert reply.status in {400, 404}
    assert ".." not in {
        segment
        for artifact in api.done("GET", f"{run}/artifacts")["value"]
        for segment in artifact["path"].split("/")
    }


def test_bytes_that_were_sent_are_linked(api: Api, run: str):
    link = {"path": "logs/a", "digest": DIGEST}
    assert api.refused("POST", f"{run}/artifacts", link) == (422, "BlobMissing")
    api.blob(DATA)
    assert api.done("POST", f"{run}/artifacts", link)["size"] == 10
    other = api.run(api.workspace("other"))
    assert api.refused("POST", f"{other}/artifacts", link) == (422, "BlobMissing")


def test_files_are_listed_by_path_in_pages(api: Api, run: str):
    for path in ("logs/x", "outputs/b", "outputs/a", "outputs2/c"):
        api.done("PUT", f"{run}/artifacts/{path}", DATA)

    def listed(query: str) -> list[str]:
        return [a["path"] for a in api.done("GET", f"{run}/artifacts?{query}")["value"]]

    assert listed("") == ["logs/x", "outputs/a", "outputs/b", "outputs2/c"]
    assert listed("prefix=outputs/") == ["outputs/a", "outputs/b"]
    assert listed("prefix=%25") == []
    page = api.done("GET", f"{run}/artifacts?limit=3")
    assert listed(f"after={page['next']}") == ["outputs2/c"]
    refused = api.refused("GET", f"{run}/artifacts?prefix=o&after={page['next']}")
    assert refused == (400, "InvalidContinuation")


def test_c57_nothing_is_added_after_the_end(api: Api, run: str):
    api.done("PUT", f"{run}/artifacts/a", DATA)
    api.done("POST", f"{run}/end", {"state": "Completed"})
    assert api.refused("PUT", f"{run}/artifacts/b", DATA) == (409, "RunIsTerminal")
    assert api.ask("GET", f"{run}/artifacts/a").body == DATA


def test_an_absent_file_is_404(api: Api, run: str):
    assert api.refused("GET", f"{run}/artifacts/none") == (404, "ArtifactNotFound")
