"""Digests that are remembered."""

import errno
import os
from pathlib import Path

from zaffre_sdk.files.digests import DigestCache
from zaffre_sdk.files.walking import Found


def test_a_full_disk_leaves_no_half_of_a_cache(tmp_path, monkeypatch):
    source = tmp_path / "a"
    source.write_text("x")
    os.utime(source, (1, 1))
    write = Path.write_bytes

    def full(path, data):
        write(path, data[:1])
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(Path, "write_bytes", full)
    found = Found("a", source, source.stat())
    assert len(DigestCache(tmp_path / "cache", tmp_path).digests([found])[0]) == 64
    assert list((tmp_path / "cache" / "digests").iterdir()) == []
