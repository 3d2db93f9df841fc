import hashlib

from native.conftest import Api

DATA = b"print('hello')\n"
DIGEST = hashlib.sha256(DATA).hexdigest()
ENTRY = {"path": "src/train.py", "digest": DIGEST, "size": len(DATA)}


def missing(api: Api, *digests: str) -> list[str]:
    return api.done("POST", f"{api.home}/blobs/missing", {"digests": digests})["missing"]


def test_unchanged_bytes_are_never_sent_twice(api: Api):
    assert missing(api, DIGEST) == [DIGEST]
    reply = api.ask("PUT", f"{api.home}/blobs/{DIGEST}", DATA)
    assert (reply.status, reply.json) == (201, {"digest": DIGEST, "size": len(DATA)})
    assert missing(api, DIGEST, "0" * 64) == ["0" * 64]


def test_a_snapshot_is_made_of_bytes_that_were_sent(api: Api):
    body = {"files": [ENTRY]}
    assert api.refused("POST", f"{api.home}/snapshots", body) == (422, "BlobMissing")
    api.blob(DATA)
    reply = api.ask("POST", f"{api.home}/snapshots", body)
    assert reply.status == 201
    address = f"{api.home}/snapshots/{reply.json['id']}"
    assert api.done("POST", f"{api.home}/snapshots", body) == reply.json
    assert api.done("GET", address) == reply.json
    file = api.ask("GET", f"{address}/files/src/train.py")
    assert (file.body, file.headers["x-zaffre-digest"]) == (DATA, DIGEST)
    assert api.refused("GET", f"{address}/files/src") == (404, "FileNotFound")
    assert api.refused("GET", f"{api.home}/snapshots/none") == (404, "SnapshotNotFound")


def test_c62_c67_c69_what_is_wrong_is_refused(api: Api):
    api.blob(DATA)

    def refused(*files: dict[str, object]) -> tuple[int, str]:
        return api.refused("POST", f"{api.home}/snapshots", {"files": files})

    assert refused() == (400, "SnapshotEmpty")
    assert refused({**ENTRY, "path": "../x"}) == (400, "InvalidPath")
    assert refused({**ENTRY, "path": "/etc/passwd"}) == (400, "InvalidPath")
    assert refused({**ENTRY, "size": 1}) == (422, "SizeMismatch")
    assert refused(ENTRY, {**ENTRY, "path": "SRC/train.py"}) == (400, "DuplicatePath")
    assert refused({**ENTRY, "link": "/etc"}) == (400, "UnknownField")
    address = f"{api.home}/blobs/{'0' * 64}"
    assert api.refused("PUT", address, DATA) == (422, "DigestMismatch")
    assert api.refused("PUT", f"{api.home}/blobs/xyz", DATA) == (400, "InvalidDigest")
    assert missing(api, "0" * 64) == ["0" * 64]


def test_a28_a_digest_opens_nothing_in_another_workspace(api: Api):
    api.blob(DATA)
    other = api.workspace("other")
    body = {"files": [ENTRY]}
    assert api.refused("POST", f"{other}/snapshots", body) == (422, "BlobMissing")
    snapshot = api.done("POST", f"{api.home}/snapshots", body)["id"]
    assert api.refused("GET", f"{other}/snapshots/{snapshot}") == (404, "SnapshotNotFound")
