"""Mounts of data that lies far away, in a real Azurite, by scripts of runs."""

from pathlib import Path

import pytest
from azureml.core import Dataset, Datastore, Experiment, ScriptRunConfig
from azurite import ACCOUNT, KEY, azurite
from zaffre_sdk.data import fusing

SCRIPT = """
import os, sys
folder = sys.argv[1]
found = sorted(os.path.relpath(os.path.join(p, n), folder)
               for p, _, names in os.walk(folder) for n in names)
print("FOUND", found)
print("MOUNT", any(line.split()[0] == "zaffre" and line.split()[1] in folder
                   for line in open("/proc/mounts")))
with open(os.path.join(folder, "large.bin"), "rb") as file:
    file.seek(-5, os.SEEK_END)
    print("END", file.read())
try:
    open(os.path.join(folder, "new"), "w")
except OSError as error:
    print("WRITE", error.strerror)
"""


@pytest.fixture(scope="module")
def far(tmp_path_factory):
    with azurite(tmp_path_factory.mktemp("azurite")) as found:
        found.make_container("far")
        yield found


@pytest.fixture
def store(workspace, far, tmp_path):
    store = Datastore.register_azure_blob_container(
        workspace,
        "far_blobs",
        "far",
        ACCOUNT,
        account_key=KEY,
        protocol="http",
        endpoint=far.endpoint,
        overwrite=True,
    )
    source = tmp_path / "source"
    (source / "deep").mkdir(parents=True)
    (source / "large.bin").write_bytes(b"x" * 10_000_000 + b"done!")
    (source / "deep" / "small.txt").write_text("small")
    store.upload(str(source), "in", overwrite=True, show_progress=False)
    return store


def test_a_script_sees_far_files_in_a_folder_that_is_not_copied(workspace, store, tmp_path):
    reason = fusing.reason_against()
    if reason is not None:
        pytest.skip(f"no FUSE here: {reason}")
    (tmp_path / "script").mkdir()
    (tmp_path / "script" / "train.py").write_text(SCRIPT)
    data = Dataset.File.from_files((store, "in/**")).as_named_input("far").as_mount()
    config = ScriptRunConfig(str(tmp_path / "script"), "train.py", arguments=[data])
    run = Experiment(workspace, "far").submit(config)
    run.wait_for_completion()
    said = run.get_all_logs(str(tmp_path / "logs"))
    texts = [Path(path).read_text(errors="replace") for path in said]
    log = next(text for text in texts if "FOUND" in text)
    assert "FOUND ['deep/small.txt', 'large.bin']" in log
    assert "MOUNT True" in log
    assert "END b'done!'" in log
    assert "WRITE Read-only file system" in log
    assert run.id not in Path("/proc/mounts").read_text()


def test_a_program_reads_far_files_through_a_mount(store):
    with Dataset.File.from_files((store, "in/**")).mount() as mounted:
        found = Path(mounted.mount_point)
        assert (found / "deep" / "small.txt").read_text() == "small"
        assert (found / "large.bin").stat().st_size == 10_000_005
