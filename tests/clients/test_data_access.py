"""Files of datastores near and far, against a real server."""

import os
import threading

import pytest
from azureml.core import Dataset, Datastore, Experiment, ScriptRunConfig
from live import LiveServer
from scripted import Reply, scripted
from zaffre_sdk.client import Transport
from zaffre_sdk.client.client import Client
from zaffre_sdk.data import fusing
from zaffre_sdk.data.access import Fetch, Send, files_of, near_folder
from zaffre_sdk.data.cache import DataCache
from zaffre_sdk.data.far import FarFiles
from zaffre_sdk.data.laying import lay, unlay
from zaffre_sdk.data.listing import list_files
from zaffre_sdk.data.near import NearFiles
from zaffre_sdk.data.progress import Progress
from zaffre_sdk.errors import (
    ChangedWhileReadingError,
    ConflictError,
    InvalidError,
    NotFoundError,
    TransferError,
)
from zaffre_sdk.wire.datasets import DataPlace, Definition

STORE = "workspaceblobstore"
LARGE = os.urandom(9_000_001)


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    with LiveServer(tmp_path_factory.mktemp("access") / "home") as live:
        yield live


@pytest.fixture
def client(workspace):
    return workspace._nouns.workspace


@pytest.fixture
def far(client):
    return FarFiles(client, STORE)


@pytest.fixture
def files(client, tmp_path, request):
    """A near way to a store that holds some files below a folder of the test's own."""
    near = files_of(client, STORE)
    assert isinstance(near, NearFiles)
    top = request.node.name.replace("[", "-").replace("]", "")
    sources = []
    for path, data in {"a.csv": b"a", "x/b.csv": b"b" * 70_000, "x/large": LARGE}.items():
        source = tmp_path / "source" / path
        source.parent.mkdir(parents=True, exist_ok=True)
        source.write_bytes(data)
        sources.append(Send(source, f"{top}/{path}"))
    near.send(sources, overwrite=True)
    return top


def of(*paths, kind="file"):
    return Definition(kind=kind, places=[DataPlace(path=path, datastore=STORE) for path in paths])


def held(folder):
    return sorted(path.name for path in folder.iterdir())


def test_whoever_cannot_see_the_proof_is_far(client, monkeypatch):
    folder = near_folder(client, STORE)
    assert folder is not None
    nearby = client.datastores.nearby(STORE)
    for change in ({"proof_text": "other"}, {"proof": "absent"}, {"proof_text": ""}):
        seen = type(nearby)(
            **{**{f: getattr(nearby, f) for f in nearby.__struct_fields__}, **change}
        )
        monkeypatch.setattr(client.datastores, "nearby", lambda _, seen=seen: seen)
        assert near_folder(client, STORE) is None
        assert isinstance(files_of(client, STORE), FarFiles)


def test_an_unknown_datastore_is_said_by_both_ways(client):
    for ask in (lambda: files_of(client, "absent"), FarFiles(client, "absent").list):
        with pytest.raises(NotFoundError, match="no datastore `absent`") as caught:
            ask()
        assert STORE in caught.value.hint


def test_datasets_of_several_stores_keep_the_names_of_their_stores(client, files):
    found = list_files(client, of(f"{files}/*.csv", f"{files}/x"))
    assert [one.relative for one in found] == [
        f"{STORE}/{files}/a.csv",
        f"{STORE}/{files}/x/b.csv",
        f"{STORE}/{files}/x/large",
    ]
    assert found[0].shown == f"{STORE}/{files}/a.csv"


def test_far_files_are_fetched_in_parts_and_once(client, files, tmp_path, monkeypatch):
    monkeypatch.setattr("zaffre_sdk.data.access.near_folder", lambda *_: None)
    monkeypatch.setattr("zaffre_sdk.data.far._PART_BYTES", 1_000_000)
    asked = []
    whole = FarFiles.fetch
    monkeypatch.setattr(
        FarFiles, "fetch", lambda self, w, **k: (asked.append(len(w)), whole(self, w, **k))[1]
    )
    cache = DataCache(tmp_path / "cache")

    first = cache.local(list_files(client, of(files)))
    again = cache.local(list_files(client, of(files)))

    assert [path.read_bytes()[:3] for path in first] == [b"a", b"bbb", LARGE[:3]]
    assert first[2].read_bytes() == LARGE
    assert (again, asked) == (first, [3])


def test_far_mounts_show_the_files_too(client, files, tmp_path, monkeypatch):
    monkeypatch.setattr("zaffre_sdk.data.access.near_folder", lambda *_: None)
    said = []
    laid = lay(client, of(files), tmp_path / "out", mode="mount", say=said.append)

    assert [path.stat().st_size for path in laid] == [1, 70_000, len(LARGE)]
    assert laid[2].read_bytes() == LARGE
    assert bool(said) == (fusing.reason_against() is not None)
    unlay(tmp_path / "out", laid)
    assert held(tmp_path / "out") == []


def test_far_mounts_are_copies_where_there_is_no_fuse(client, files, tmp_path, monkeypatch):
    monkeypatch.setattr("zaffre_sdk.data.access.near_folder", lambda *_: None)
    monkeypatch.setattr(fusing, "reason_against", lambda: "there is no fuse")
    said = []
    laid = lay(client, of(files), tmp_path / "out", mode="mount", say=said.append)

    assert laid[2].read_bytes() == LARGE
    assert said == [
        f"3 files are downloaded to `{tmp_path / 'out'}` instead of mounted: there is no fuse."
    ]
    unlay(tmp_path / "out", laid)
    assert held(tmp_path / "out") == []


def test_near_mounts_cannot_be_written_through(client, files, tmp_path):
    laid = lay(client, of(files), tmp_path / "out", mode="mount")
    assert all(path.is_symlink() and path.stat().st_mode & 0o222 == 0 for path in laid)


def test_a_file_that_changes_while_it_is_fetched_is_not_kept(far, files, tmp_path):
    [listed] = far.list(f"{files}/x/large")
    source = tmp_path / "new"
    source.write_bytes(b"n" * len(LARGE))
    far.send([Send(source, listed.path)], overwrite=True)

    with pytest.raises(TransferError, match="changed while it was fetched"):
        far.fetch([Fetch(listed, tmp_path / "got")])
    assert held(tmp_path) == ["new", "source"]


def test_a_file_that_changes_while_it_is_sent_is_said(far, tmp_path, files, monkeypatch):
    source = tmp_path / "growing"
    source.write_bytes(b"x" * 300_000)
    check = "zaffre_sdk.client.transfer.Upload.pieces"

    def pieces(self):
        with source.open("ab") as more:
            more.write(b"y")
        yield source.read_bytes()[: self.size]

    monkeypatch.setattr(check, pieces)
    with pytest.raises(ChangedWhileReadingError):
        far.send([Send(source, f"{files}/growing")])


def test_c70_far_files_are_not_replaced_unasked(client, far, files, tmp_path):
    (tmp_path / "new").write_text("new")
    sent = [Send(tmp_path / "new", f"{files}/a.csv")]

    assert far.send(sent) == 0
    with pytest.raises(ConflictError, match=r"a\.csv"):
        client.datastores.upload(STORE, f"{files}/a.csv", b"new")
    assert far.read(far.list(f"{files}/a.csv")[0]) == b"a"
    assert far.send(sent, overwrite=True) == 1


def test_many_far_files_go_both_ways(far, tmp_path, files):
    sources = []
    for n in range(150):
        (tmp_path / f"{n}").write_text(str(n))
        sources.append(Send(tmp_path / f"{n}", f"{files}/many/{n:03}"))

    assert far.send(sources) == 150
    listed = far.list(f"{files}/many/")
    (tmp_path / "back").mkdir()
    far.fetch([Fetch(one, tmp_path / "back" / one.path[-3:]) for one in listed])
    assert [(tmp_path / "back" / f"{n:03}").read_text() for n in range(150)] == [
        str(n) for n in range(150)
    ]


def test_parts_empty_files_and_strange_names_are_read(client, far, files, tmp_path):
    near = files_of(client, STORE)
    for name in ("empty", "a b&c=d?#%41+ü.csv", "'quoted'"):
        (tmp_path / "in").write_bytes(b"" if name == "empty" else name.encode())
        far.send([Send(tmp_path / "in", f"{files}/odd/{name}")])
    listed = far.list(f"{files}/odd")
    assert listed == near.list(f"{files}/odd")
    for one in listed:
        far.fetch([Fetch(one, tmp_path / "out")])
        assert (tmp_path / "out").read_bytes() == near.read(one)
    [large] = far.list(f"{files}/x/large")
    assert far.read(large, start=5, length=10) == LARGE[5:15]
    assert far.read(large, start=len(LARGE) - 3) == LARGE[-3:]


@pytest.mark.parametrize("path", ["../x", "a/../../x", "a\\b", ".zaffre-x"])
def test_a10_paths_that_leave_are_refused_by_the_server(client, path):
    with pytest.raises((InvalidError, NotFoundError)):
        client.datastores.upload(STORE, path, b"x")


def test_files_are_removed_by_prefix(client, far, files):
    assert client.datastores.remove(STORE, f"{files}/x/") == 2
    assert [one.path for one in far.list(files)] == [f"{files}/a.csv"]


def test_an_upload_goes_on_when_the_server_comes_back(server, tmp_path, workspace):
    token = (server.home / "token").read_text().strip()
    transport = Transport(server.url, token, source=server.home / "server.json")
    far = FarFiles(Client(transport).workspace(workspace._nouns.workspace_id), STORE)
    sources = []
    for n in range(60):
        (tmp_path / f"{n}").write_bytes(os.urandom(200_000))
        sources.append(Send(tmp_path / f"{n}", f"crash/{n:02}"))
    half = threading.Event()

    class Heard(Progress):
        count = 0

        def ended(self, name):  # noqa: ARG002 (of `Progress`)
            self.count += 1
            if self.count == 20:
                half.set()

    def break_it():
        assert half.wait(60)
        server.kill()
        server.start()

    breaker = threading.Thread(target=break_it)
    breaker.start()
    assert far.send(sources, progress=Heard()) == 60
    breaker.join()
    for sent, listed in zip(sources, far.list("crash"), strict=True):
        assert far.read(listed) == sent.source.read_bytes()


def test_reading_a_local_store_leaves_it_as_it_is(workspace, tmp_path):
    store = Datastore.get(workspace, STORE)
    before = store.download(str(tmp_path / "a"), show_progress=False)
    assert store.download(str(tmp_path / "b"), show_progress=False) == before


SCRIPT = """
import sys
from pathlib import Path
from azureml.core import Run
files = sorted(path for path in Path(sys.argv[1]).rglob("*") if path.is_file())
Run.get_context(allow_offline=False).log("words", " ".join(path.read_text() for path in files))
"""


@pytest.mark.parametrize("mode", ["mount", "download"])
def test_a_run_is_given_files_of_the_web_and_leaves_none(workspace, server, tmp_path, mode):
    (tmp_path / "read.py").write_text(SCRIPT)
    with scripted(lambda asked: Reply(200, asked.path[1:].encode(), {"etag": '"1"'})) as web:
        files = Dataset.File.from_files([f"{web.url}/one", f"{web.url}/two"])
        given = files.as_named_input("words")
        config = ScriptRunConfig(
            str(tmp_path),
            script="read.py",
            arguments=[given.as_mount() if mode == "mount" else given.as_download()],
        )
        run = Experiment(workspace, "web").submit(config)
        run.wait_for_completion()

    assert run.get_metrics() == {"words": "one two"}
    assert [path for path in (server.home / "runs").rglob("inputs") if os.path.ismount(path)] == []
