import errno
import hashlib
from pathlib import Path
from typing import Any

import pytest
from doors import BEARER, HOST, Reply, ask
from zaffre.adapters.blobs.local import LocalBlobs
from zaffre.services.keeper import MAX_BYTES, BlobKeeper

from mlflow.conftest import OWNER_OF_TESTS, Mlflow

DATA = b"0123456789"
ROOT = "/api/2.0/mlflow-artifacts"


def listed(mlflow: Mlflow, path: str) -> list[dict[str, Any]]:
    return mlflow.done("GET", f"{ROOT}/artifacts", {"path": path})["files"]


def send(mlflow: Mlflow, method: str, target: str, *headers: Any, body: bytes = b"") -> Reply:
    """Send a request as it is, with no token unless it is among the headers."""
    return mlflow.runner.run(ask(mlflow.app, method, target, headers=[HOST, *headers], body=body))


def test_files_go_up_are_listed_and_come_down(mlflow: Mlflow):
    run = mlflow.run(a__b_txt=DATA, a__c__d_txt=b"z", e_txt=b"x")
    assert listed(mlflow, f"runs/{run}") == [
        {"path": "a", "is_dir": True},
        {"path": "e.txt", "is_dir": False, "file_size": 1},
    ]
    assert listed(mlflow, f"runs/{run}/a") == [
        {"path": "b.txt", "is_dir": False, "file_size": 10},
        {"path": "c", "is_dir": True},
    ]
    assert listed(mlflow, f"runs/{run}/a/b.txt") == []
    reply = mlflow.ask("GET", f"{ROOT}/artifacts/runs/{run}/a/b.txt")
    assert (reply.status, reply.body) == (200, DATA)
    assert reply.headers["content-length"] == "10"
    assert mlflow.ask("GET", f"{ROOT}/artifacts/runs/{run}/a/c/d.txt").body == b"z"


def test_the_layout_of_mlflows_own_server_means_the_same(mlflow: Mlflow):
    run = mlflow.run()
    mlflow.done("PUT", f"{ROOT}/artifacts/experiments/0/{run}/artifacts/x/y", DATA)
    assert mlflow.ask("GET", f"{ROOT}/artifacts/runs/{run}/x/y").body == DATA
    assert mlflow.ask("GET", f"{ROOT}/artifacts/0/{run}/artifacts/x/y").body == DATA
    assert listed(mlflow, f"experiments/0/{run}/artifacts/x")[0]["path"] == "y"
    assert listed(mlflow, f"0/{run}/artifacts/x")[0]["path"] == "y"


@pytest.mark.parametrize("folder", ["a", "a/", "./a", "a/.", ".//a/./"])
def test_a05_a_folder_may_be_written_with_points_that_mean_here(mlflow: Mlflow, folder: str):
    run = mlflow.run(a__b=DATA)
    assert listed(mlflow, f"runs/{run}/{folder}")[0]["path"] == "b"
    asked = {"run_id": run, "path": folder}
    assert mlflow.done("GET", "artifacts/list", asked)["files"][0]["path"] == "a/b"
    for place in (".", "./", "./."):
        assert listed(mlflow, f"runs/{run}/{place}") == [{"path": "a", "is_dir": True}]
    assert mlflow.ask("GET", f"{ROOT}/artifacts?path=runs/{run}/{folder}/../..").status == 400


def test_a40_files_are_saved_and_never_shown(mlflow: Mlflow):
    run = mlflow.run(page_html=b"<script>alert(1)</script>")
    reply = mlflow.ask("GET", f"{ROOT}/artifacts/runs/{run}/page.html")
    assert reply.headers["content-type"] == "application/octet-stream"
    assert reply.headers["content-disposition"].startswith('attachment; filename="page.html"')
    older = mlflow.ask("GET", "/get-artifact", {"run_uuid": run, "path": "page.html"})
    assert older.headers["content-disposition"] == reply.headers["content-disposition"]
    assert older.body == reply.body


def test_a_part_of_a_file(mlflow: Mlflow):
    run = mlflow.run(a=DATA)
    target = f"{ROOT}/artifacts/runs/{run}/a"
    part = send(mlflow, "GET", target, BEARER, (b"range", b"bytes=2-4"))
    assert (part.status, part.body, part.headers["content-range"]) == (206, b"234", "bytes 2-4/10")
    beyond = send(mlflow, "GET", target, BEARER, (b"range", b"bytes=20-"))
    assert beyond.status == 416


@pytest.mark.parametrize(
    "path", ["%252e%252e/%252e%252e/x", "%252e%252e%252f%252e%252e%252fx", "a%252f..%252fb"]
)
def test_a04_a_path_of_an_artifact_is_decoded_once(mlflow: Mlflow, path: str):
    run = mlflow.run(kept=DATA)
    assert mlflow.ask("DELETE", f"{ROOT}/artifacts/runs/{run}/{path}").status in {400, 404}
    reply = mlflow.ask("PUT", f"{ROOT}/artifacts/runs/{run}/{path}", DATA)
    if reply.status == 200:
        again = mlflow.ask("GET", f"{ROOT}/artifacts/runs/{run}/{path}")
        assert again.body == DATA
    assert "kept" in {file["path"] for file in listed(mlflow, f"runs/{run}")}
    assert ".." not in {file["path"] for file in listed(mlflow, f"runs/{run}")}


@pytest.mark.parametrize(
    "path",
    [
        *("..", "../x", "a/../../x", "%2e%2e/x", "%2e%2e%2fx", "a%5c..%5cx", "%5c%5chost%5cs"),
        *("C:x", "a/./b", "a%00b", "con", "a./b", "a%20/b", "a%0ab", "/x", "a//b"),
    ],
)
def test_a05_c67_an_artifact_cannot_climb(mlflow: Mlflow, path: str):
    run = mlflow.run()
    for method in ("PUT", "GET", "DELETE"):
        body = DATA if method == "PUT" else None
        target = f"{ROOT}/artifacts/runs/{run}/{path}"
        assert mlflow.ask(method, target, body).status in {400, 404}, method
    assert mlflow.ask("GET", f"{ROOT}/artifacts?path=runs/{run}/{path}").status in {200, 400, 404}
    assert listed(mlflow, f"runs/{run}") == []


def test_a06_a_run_with_a_longer_name_is_another_one(mlflow: Mlflow):
    run = mlflow.run(a=DATA)
    assert mlflow.ask("GET", f"{ROOT}/artifacts/runs/{run}x/a").status == 404
    assert mlflow.ask("GET", f"{ROOT}/artifacts/runs/{run[:-1]}/a").status == 404
    mlflow.done("PUT", f"{ROOT}/artifacts/runs/{run}/data/test", DATA)
    mlflow.done("PUT", f"{ROOT}/artifacts/runs/{run}/data/testtest/secret", DATA)
    assert [file["path"] for file in listed(mlflow, f"runs/{run}/data/test")] == []
    mlflow.done("DELETE", f"{ROOT}/artifacts/runs/{run}/data/test")
    assert [file["path"] for file in listed(mlflow, f"runs/{run}/data")] == ["testtest"]


@pytest.mark.parametrize(
    "address",
    ["", "etc/passwd", "file:///etc/passwd", "experiments", "experiments/0", "runs", "s3://b/x"],
)
def test_a01_an_address_is_never_one_of_storage(mlflow: Mlflow, address: str):
    assert mlflow.ask("GET", f"{ROOT}/artifacts/{address}").status in {400, 404}
    assert mlflow.ask("PUT", f"{ROOT}/artifacts/{address}", DATA).status in {400, 404}


def test_deleting_a_folder_takes_what_is_below(mlflow: Mlflow):
    run = mlflow.run(a__b=DATA, a__c__d=DATA, ab=DATA)
    mlflow.done("DELETE", f"{ROOT}/artifacts/runs/{run}/a")
    assert [file["path"] for file in listed(mlflow, f"runs/{run}")] == ["ab"]
    refused = mlflow.refused("DELETE", f"{ROOT}/artifacts/runs/{run}/a")
    assert refused == (404, "RESOURCE_DOES_NOT_EXIST")


def test_a_run_that_has_ended_takes_files_and_one_put_away_does_not(mlflow: Mlflow):
    run = mlflow.run()
    mlflow.done("POST", "runs/update", {"run_id": run, "status": "FINISHED"})
    mlflow.done("PUT", f"{ROOT}/artifacts/runs/{run}/a", DATA)
    mlflow.done("POST", "runs/delete", {"run_id": run})
    for method, body in (("PUT", DATA), ("DELETE", None)):
        refused = mlflow.refused(method, f"{ROOT}/artifacts/runs/{run}/a", body)
        assert refused == (400, "INVALID_PARAMETER_VALUE")
    assert mlflow.ask("GET", f"{ROOT}/artifacts/runs/{run}/a").body == DATA


def test_the_token_of_a_run_writes_its_own_files(mlflow: Mlflow):
    own, other = mlflow.run(), mlflow.run(a=DATA)
    token = mlflow.token_of(own)
    mlflow.done("PUT", f"{ROOT}/artifacts/runs/{own}/a", DATA, token=token)
    for method, body in (("PUT", DATA), ("DELETE", None)):
        target = f"{ROOT}/artifacts/runs/{other}/a"
        assert mlflow.refused(method, target, body, token=token)[0] == 404
    assert mlflow.ask("GET", f"{ROOT}/artifacts/runs/{other}/a", token=token).body == DATA


def test_a_logged_model_has_files(mlflow: Mlflow):
    run = mlflow.run()
    body = {"experiment_id": "0", "name": "m", "source_run_id": run}
    model = mlflow.done("POST", "logged-models", body)["model"]["info"]["model_id"]
    place = f"{ROOT}/artifacts/models/{model}"
    mlflow.done("PUT", f"{place}/data/model.bin", DATA)
    mlflow.done("PUT", f"{place}/MLmodel", b"flavors: {}")
    assert [file["path"] for file in listed(mlflow, f"models/{model}")] == ["MLmodel", "data"]
    assert mlflow.ask("GET", f"{place}/data/model.bin").body == DATA
    same = f"{ROOT}/artifacts/experiments/0/models/{model}/artifacts/data/model.bin"
    assert mlflow.ask("GET", same).body == DATA
    asked = {"artifact_file_path": "data/model.bin"}
    assert mlflow.ask("GET", f"logged-models/{model}/artifacts/files", asked).body == DATA
    stranger = mlflow.token_of(run)
    refused = mlflow.refused("PUT", f"{place}/MLmodel", b"x", token=stranger)
    assert refused == (403, "PERMISSION_DENIED")
    mlflow.done("DELETE", f"{place}/data")
    assert [file["path"] for file in listed(mlflow, f"models/{model}")] == ["MLmodel"]
    absent = mlflow.refused("PUT", f"{ROOT}/artifacts/models/m-{'0' * 32}/a", DATA)
    assert absent == (404, "RESOURCE_DOES_NOT_EXIST")


def test_files_of_a_run_are_listed_with_whole_paths_in_pages(
    mlflow: Mlflow, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr("zaffre.protocols.mlflow.artifacts._PAGE", 2)
    run = mlflow.run(a__b=DATA, a__c__d=DATA, a__e=DATA, a__f__g=DATA)
    first = mlflow.done("GET", "artifacts/list", {"run_id": run, "path": "a"})
    assert first["root_uri"] == f"mlflow-artifacts:/runs/{run}"
    assert [file["path"] for file in first["files"]] == ["a/b", "a/c"]
    more = {"run_id": run, "path": "a", "page_token": first["next_page_token"]}
    second = mlflow.done("GET", "artifacts/list", more)
    assert [file["path"] for file in second["files"]] == ["a/e", "a/f"]
    assert "next_page_token" not in second
    assert mlflow.refused("GET", "artifacts/list", {**more, "path": ""})[0] == 400


def test_the_older_upload_takes_small_files(mlflow: Mlflow):
    run = mlflow.run()
    mlflow.done("POST", f"/ajax-api/2.0/mlflow/upload-artifact?run_uuid={run}&path=a/b", DATA)
    assert mlflow.ask("GET", f"{ROOT}/artifacts/runs/{run}/a/b").body == DATA
    missing = mlflow.refused("POST", f"/ajax-api/2.0/mlflow/upload-artifact?run_uuid={run}", DATA)
    assert missing == (400, "INVALID_PARAMETER_VALUE")


class TestUploadsInParts:
    PARTS = (b"a" * 1000, b"b" * 1000, b"c")

    def begin(self, mlflow: Mlflow, run: str, parts: int = 3) -> dict[str, Any]:
        asked = {"path": "/home/me/big.bin", "num_parts": parts}
        return mlflow.done("POST", f"{ROOT}/mpu/create/runs/{run}/dir", asked)

    def part(self, mlflow: Mlflow, begun: dict[str, Any], number: int, data: bytes) -> Reply:
        said = begun["credentials"][number - 1]
        assert said["part_number"] == number
        target = said["url"].removeprefix("http://127.0.0.1:8642")
        headers = [(key.encode(), value.encode()) for key, value in said["headers"].items()]
        return send(mlflow, "PUT", target, *headers, body=data)

    def sent(self, mlflow: Mlflow, run: str) -> dict[str, Any]:
        begun = self.begin(mlflow, run)
        etags = [self.part(mlflow, begun, n, d) for n, d in enumerate(self.PARTS, 1)]
        parts = [
            {"part_number": n, "etag": reply.headers["etag"]} for n, reply in enumerate(etags, 1)
        ]
        return {"path": "big.bin", "upload_id": begun["upload_id"], "parts": parts}

    def test_parts_become_one_file(self, mlflow: Mlflow):
        run = mlflow.run()
        completion = self.sent(mlflow, run)
        completion["parts"].reverse()
        mlflow.done("POST", f"{ROOT}/mpu/complete/runs/{run}/dir", completion)
        whole = mlflow.ask("GET", f"{ROOT}/artifacts/runs/{run}/dir/big.bin")
        assert whole.body == b"".join(self.PARTS)
        mlflow.runner.run(mlflow.doors.house.eraser.resume())
        parts = [hashlib.sha256(part).hexdigest() for part in self.PARTS]
        assert not any(mlflow.runner.run(mlflow.doors.house.blobs.verify(p)) for p in parts)

    def test_all_parts_are_needed(self, mlflow: Mlflow):
        run = mlflow.run()
        completion = self.sent(mlflow, run)
        del completion["parts"][1]
        target = f"{ROOT}/mpu/complete/runs/{run}/dir"
        assert mlflow.refused("POST", target, completion)[0] == 400
        assert listed(mlflow, f"runs/{run}") == []

    def test_a_permit_is_for_one_upload(self, mlflow: Mlflow):
        run, other = mlflow.run(), mlflow.run()
        completion = self.sent(mlflow, run)
        target = f"{ROOT}/mpu/complete/runs/{other}/dir"
        assert mlflow.refused("POST", target, completion)[0] == 400
        mixed = {**completion, "upload_id": self.begin(mlflow, run)["upload_id"]}
        assert mlflow.refused("POST", f"{ROOT}/mpu/complete/runs/{run}/dir", mixed)[0] == 400
        begun = self.begin(mlflow, run, parts=1)
        forged = begun["credentials"][0]["headers"] | {"x-zaffre-permit": "AAAA"}
        begun["credentials"][0]["headers"] = forged
        assert self.part(mlflow, begun, 1, b"x").status == 403
        assert send(mlflow, "PUT", f"{ROOT}/mpu/parts/1", body=b"x").status == 403

    def test_a_number_that_no_part_has_is_refused(self, mlflow: Mlflow):
        run = mlflow.run()
        header = self.begin(mlflow, run)["credentials"][0]["headers"].popitem()
        permit = (header[0].encode(), header[1].encode())
        for number in ("0", "4", "x", "9" * 5000):
            reply = send(mlflow, "PUT", f"{ROOT}/mpu/parts/{number}", permit, body=b"x")
            assert reply.status == 400

    def test_an_etag_names_bytes_that_were_sent_for_it(self, mlflow: Mlflow):
        run = mlflow.run(secret=b"of somebody else")
        completion = self.sent(mlflow, run)
        digest = hashlib.sha256(b"of somebody else").hexdigest()
        completion["parts"][0]["etag"] = digest
        target = f"{ROOT}/mpu/complete/runs/{run}/dir"
        assert mlflow.refused("POST", target, completion)[0] == 403

    def test_given_up_and_forbidden(self, mlflow: Mlflow):
        run, other = mlflow.run(), mlflow.run()
        completion = self.sent(mlflow, run)
        mlflow.done("POST", f"{ROOT}/mpu/abort/runs/{run}/dir", completion)
        asked = {"path": "x", "num_parts": 1}
        token = mlflow.token_of(run)
        refused = mlflow.refused("POST", f"{ROOT}/mpu/create/runs/{other}", asked, token=token)
        assert refused[0] == 404


def test_a_file_can_be_read_with_a_permit(mlflow: Mlflow):
    run = mlflow.run(a__b=DATA)
    said = mlflow.done("GET", f"{ROOT}/presigned/runs/{run}/a/b")
    assert said["file_size"] == 10
    target = said["url"].removeprefix("http://127.0.0.1:8642")
    permit = [(key.encode(), value.encode()) for key, value in said["headers"].items()]
    assert send(mlflow, "GET", target, *permit).body == DATA
    assert send(mlflow, "GET", target, *permit, (b"range", b"bytes=0-1")).body == DATA[:2]
    assert send(mlflow, "GET", target).status == 403


def test_c69_r23_damage_breaks_the_connection(mlflow: Mlflow, tmp_path: Path):
    large = b"0123456789abcdef" * 40_000
    run = mlflow.run(a=large)
    damage(tmp_path, large)
    with pytest.raises(Exception, match="digest"):
        mlflow.ask("GET", f"{ROOT}/artifacts/runs/{run}/a")


def test_c69_r23_damage_of_little_is_told(mlflow: Mlflow, tmp_path: Path):
    run = mlflow.run(a=DATA)
    damage(tmp_path, DATA)
    refused = mlflow.ask("GET", f"{ROOT}/artifacts/runs/{run}/a")
    assert refused.status >= 400
    assert b"digest" in refused.body


def damage(folder: Path, data: bytes) -> None:
    file = next(folder.rglob(hashlib.sha256(data).hexdigest()))
    file.write_bytes(b"x" * len(data))


def test_r25_many_files_in_one_folder_are_listed_quickly(mlflow: Mlflow):
    run = mlflow.run()
    workspace = mlflow.use(lambda s: s.workspaces.list(caller=OWNER_OF_TESTS))[0].id

    def fill(s: Any) -> None:
        for number in range(3000):
            path = f"deep/d{number % 3}/{number}" if number % 2 else f"flat/{number}"
            s.artifacts.add(workspace, run, path, caller=OWNER_OF_TESTS, digest="0" * 64, size=1)

    mlflow.use(fill)
    assert len(listed(mlflow, f"runs/{run}/flat")) == 1500
    assert [file["path"] for file in listed(mlflow, f"runs/{run}/deep")] == ["d0", "d1", "d2"]


@pytest.mark.parametrize("lost", [None, b"", b"0123"])
def test_r01_small_files_outlive_the_loss_of_their_file(
    mlflow: Mlflow, tmp_path: Path, lost: bytes | None
):
    run = mlflow.run()
    for name, data in (("a", DATA), ("b", b"other")):
        size = (b"content-length", str(len(data)).encode())
        target = f"{ROOT}/artifacts/runs/{run}/{name}"
        assert send(mlflow, "PUT", target, BEARER, size, body=data).status == 200
    mlflow.runner.run(mlflow.doors.house.blobs.settle())
    file = next(tmp_path.rglob(hashlib.sha256(DATA).hexdigest()))
    # What a machine that goes down does to a file that was not flushed.
    file.unlink()
    if lost is not None:
        file.write_bytes(lost)
    keeper = BlobKeeper(mlflow.doors.house.work, mlflow.doors.house.blobs)
    mlflow.runner.run(keeper.recover())
    assert mlflow.ask("GET", f"{ROOT}/artifacts/runs/{run}/a").body == DATA
    assert mlflow.runner.run(keeper.secure()) is True
    assert mlflow.runner.run(keeper.secure()) is False
    assert mlflow.ask("GET", f"{ROOT}/artifacts/runs/{run}/b").body == b"other"


def put_small(mlflow: Mlflow) -> str:
    """Put `DATA` into a run; return where it is."""
    target = f"{ROOT}/artifacts/runs/{mlflow.run()}/a"
    size = (b"content-length", str(len(DATA)).encode())
    assert send(mlflow, "PUT", target, BEARER, size, body=DATA).status == 200
    return target


def test_r01_the_database_keeps_what_has_no_file(mlflow: Mlflow, tmp_path: Path):
    house = mlflow.doors.house
    target = put_small(mlflow)
    mlflow.runner.run(house.blobs.settle())
    next(tmp_path.rglob(hashlib.sha256(DATA).hexdigest())).unlink()
    keeper = BlobKeeper(house.work, house.blobs)
    assert mlflow.runner.run(keeper.secure()) is True
    assert mlflow.use(lambda s: s.stores.kept.list(limit=9)) != []
    assert mlflow.ask("GET", target).body == DATA
    assert mlflow.runner.run(keeper.secure()) is True
    assert mlflow.runner.run(keeper.secure()) is False
    assert mlflow.ask("GET", target).body == DATA


def test_r04_a_server_starts_on_a_full_disk_with_all_small_files(
    mlflow: Mlflow, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    def full(*_args: object) -> None:
        raise OSError(errno.ENOSPC, "full")

    put_small(mlflow)
    # What the next server finds when this one is killed.
    blobs = LocalBlobs(tmp_path / "blobs", tmp_path / "tmp")
    monkeypatch.setattr(Path, "replace", full)
    mlflow.runner.run(BlobKeeper(mlflow.doors.house.work, blobs).recover())
    assert mlflow.runner.run(blobs.small(hashlib.sha256(DATA).hexdigest())) == DATA


def test_what_was_refused_is_not_held_for_long(mlflow: Mlflow, tmp_path: Path):
    size = (b"content-length", str(len(DATA)).encode())
    target = f"{ROOT}/artifacts/runs/{'0' * 32}/a"
    assert send(mlflow, "PUT", target, BEARER, size, body=DATA).status == 404
    house = mlflow.doors.house
    assert mlflow.runner.run(BlobKeeper(house.work, house.blobs).secure()) is False
    assert next(tmp_path.rglob(hashlib.sha256(DATA).hexdigest())).is_file()


def test_a_larger_file_goes_to_the_disk_at_once(mlflow: Mlflow):
    run = mlflow.run()
    data = b"x" * (MAX_BYTES + 1)
    size = (b"content-length", str(len(data)).encode())
    target = f"{ROOT}/artifacts/runs/{run}/a"
    assert send(mlflow, "PUT", target, BEARER, size, body=data).status == 200
    assert mlflow.use(lambda s: s.stores.kept.list(limit=9)) == []
    assert len(mlflow.ask("GET", f"{ROOT}/artifacts/runs/{run}/a").body) == MAX_BYTES + 1
