"""What is laid ready for runners elsewhere."""

import hashlib
import os
import time
from pathlib import Path

import pytest
from zaffre.adapters.launchers.elsewhere.shelf import Shelf


def digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def test_what_is_kept_is_found_by_its_digest_alone(tmp_path: Path):
    shelf = Shelf(tmp_path / "shelf")
    assert shelf.find(digest(b"sdk")) is None
    file = tmp_path / "sdk.whl"
    file.write_bytes(b"sdk")
    shelf.keep({digest(b"sdk"): file})
    found = shelf.find(digest(b"sdk"))
    assert found is not None
    assert found.read_bytes() == b"sdk"
    (tmp_path / "token").write_text("secret")
    for wrong in ("../token", "", "A" * 64, f"{digest(b'sdk')}/../../token"):
        assert shelf.find(wrong) is None


def test_what_nobody_was_sent_for_a_month_goes(tmp_path: Path):
    shelf = Shelf(tmp_path / "shelf")
    files = {digest(name.encode()): tmp_path / name for name in ("old", "new", "used")}
    for path in files.values():
        path.write_text(path.name)
    shelf.keep(files)
    long_ago = time.time() - 31 * 86_400
    old, _, used = files
    for one in (old, used):
        shelf.place(one).write_text("as it was")
        os.utime(shelf.place(one), (long_ago, long_ago))
    shelf.keep({used: files[used]})
    assert [shelf.find(one) is not None for one in files] == [False, True, True]
    assert shelf.place(used).read_text() == "as it was"


def test_launches_at_the_same_time_are_not_in_each_other_s_way(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    shelf = Shelf(tmp_path / "shelf")
    file = tmp_path / "file"
    file.write_bytes(b"sdk")
    shelf.keep({digest(b"sdk"): file})
    # The draft of another, which is renamed between the list and the look.
    gone = shelf.place("draft")
    monkeypatch.setattr(Path, "iterdir", lambda _: iter([gone]))
    shelf.keep({digest(b"sdk"): file})
