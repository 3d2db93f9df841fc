"""The data of a run as its runner lays it and takes it home."""

import errno
import os
import subprocess
import sys
from types import SimpleNamespace

import pytest
from zaffre_sdk.data import fusing
from zaffre_sdk.data.fusing import MountError
from zaffre_sdk.runner.inputs import Inputs
from zaffre_sdk.runner.order import Order, folders_at
from zaffre_sdk.runner.outputs import DataOutputError, Outputs
from zaffre_sdk.wire.datasets import DataInput, DataOutput
from zaffre_sdk.wire.datastores import NearbyOut

ENTRY = """
import runpy, sys, threading
from concurrent.futures import ThreadPoolExecutor
from zaffre_sdk.runner import attempt, order

def drive(_):
    # A canceled run may leave a transfer that hangs.
    ThreadPoolExecutor(1).submit(threading.Event().wait)
    print("driven")
    return 3

attempt.drive, order.read_order = drive, lambda _: None
runpy.run_module("zaffre_sdk.runner", run_name="__main__")
"""


@pytest.fixture
def workspace(tmp_path):
    """A workspace whose one datastore lies here."""
    store = tmp_path / "store"
    store.mkdir()
    (store / ".zaffre-proof").write_text("true")
    nearby = NearbyOut(folder=str(store), proof=".zaffre-proof", proof_text="true")
    return SimpleNamespace(datastores=SimpleNamespace(nearby=lambda _: nearby))


@pytest.fixture
def folders(tmp_path):
    (tmp_path / "attempt").mkdir()
    folders = folders_at(tmp_path / "attempt")
    folders.make()
    return folders


@pytest.fixture
def order():
    return Order(
        run_id="r",
        attempt=1,
        token="t",  # noqa: S106 (of nobody)
        server_url="http://127.0.0.1:1",
        server_file="",
        workspace_id="w",
        python=sys.executable,
    )


def given(path, mode="mount"):
    return DataInput(name="in", mode=mode, datastore="store", path=path)


def never():
    return False


@pytest.mark.parametrize("name", ["a.csv", "a[1].csv", "is it?.csv"])
def test_a_dataset_of_one_file_is_given_as_that_file(workspace, folders, tmp_path, name):
    (tmp_path / "store" / name).write_text("x")
    laid = Inputs(workspace, folders, print).lay(given(name), never)
    assert laid.value == str(folders.data / "inputs" / "in" / name)


def test_a_view_that_cannot_be_taken_down_is_said(workspace, folders, tmp_path, monkeypatch):
    (tmp_path / "store" / "a.csv").write_text("x")
    said = []
    inputs = Inputs(workspace, folders, said.append)
    laid = inputs.lay(given("a.csv"), never)

    def unmount(folder):
        raise MountError(f"`{folder}` cannot be unmounted.")

    monkeypatch.setattr(fusing, "unmount", unmount)
    inputs.take_down(laid)
    assert "cannot be unmounted" in said[-1]


def test_a_folder_that_cannot_be_read_is_no_empty_output(workspace, folders, order, monkeypatch):
    outputs = Outputs(workspace, order, folders, say=print)
    output = DataOutput(name="out", datastore="store")
    deep = outputs.make(output) / "deep"
    deep.mkdir()
    scandir = os.scandir

    def refuse(folder):
        if os.fspath(folder) == str(deep):
            raise PermissionError(errno.EACCES, "Permission denied", folder)
        return scandir(folder)

    monkeypatch.setattr(os, "scandir", refuse)
    with pytest.raises(DataOutputError, match=r"`out` cannot be kept: .*Permission denied"):
        outputs.keep(output, completed=True)


def test_a_runner_ends_whatever_still_hangs():
    done = subprocess.run(
        [sys.executable, "-c", ENTRY, "order.json"], capture_output=True, timeout=60, check=False
    )
    assert (done.returncode, done.stdout) == (3, b"driven\n")
