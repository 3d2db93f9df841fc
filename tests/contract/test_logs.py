"""What every log store promises."""

import asyncio
import errno
import os
import time

import pytest
from zaffre.adapters.blobs.logs import LocalLogs
from zaffre.domain.errors import ConflictError, InvalidError, StorageFullError

RUN = ("w1", "run-1")
STD = "user_logs/std_log.txt"


@pytest.fixture(params=["local"])
def logs(request, tmp_path):
    assert request.param == "local"
    return LocalLogs(tmp_path / "logs", limit=1000)


def run(coroutine):
    return asyncio.run(coroutine)


class TestLogStore:
    def test_appended_bytes_are_read(self, logs):
        async def inside():
            assert await logs.append(RUN, STD, 0, b"one\n") == 4
            assert await logs.append(RUN, STD, 4, b"two\n") == 8
            assert await logs.read(RUN, STD, 0, limit=100) == b"one\ntwo\n"
            assert await logs.read(RUN, STD, 4, limit=2) == b"tw"
            assert await logs.read(RUN, STD, 8, limit=100) == b""

        run(inside())

    def test_r15_the_same_bytes_again_change_nothing(self, logs):
        async def inside():
            await logs.append(RUN, STD, 0, b"0123456789")
            assert await logs.append(RUN, STD, 0, b"0123456789") == 10
            assert await logs.append(RUN, STD, 0, b"0123") == 10
            assert await logs.append(RUN, STD, 8, b"89ab") == 12
            assert await logs.read(RUN, STD, 0, limit=100) == b"0123456789ab"

        run(inside())

    def test_a_gap_is_refused_with_the_present_size(self, logs):
        async def inside():
            await logs.append(RUN, STD, 0, b"0123")
            await logs.append(RUN, STD, 6, b"6")

        with pytest.raises(ConflictError, match="4 bytes") as caught:
            run(inside())
        assert caught.value.code == "LogGap"
        assert "byte 4" in caught.value.hint

    def test_r38_a_log_ends_at_the_limit_with_a_line_that_says_so(self, logs):
        async def inside():
            size = 0
            for _ in range(50):
                size = await logs.append(RUN, STD, size, b"x" * 99 + b"\n")
            assert size == 5000
            data = await logs.read(RUN, STD, 0, limit=100_000)
            assert data.startswith(b"x" * 99)
            assert data[:1000].count(b"\n") == 10
            assert data[1000:].decode().strip() == "[the log ends here: it reached 1000 bytes]"
            assert await logs.append(RUN, STD, 900, b"y" * 300) == 1200
            assert await logs.read(RUN, STD, 0, limit=100_000) == data

        run(inside())

    def test_r38_the_chunk_over_the_limit_is_kept_up_to_it(self, logs):
        async def inside():
            assert await logs.append(RUN, STD, 0, b"z" * 1500) == 1500
            data = await logs.read(RUN, STD, 0, limit=100_000)
            assert data.count(b"z") == 1000

        run(inside())

    def test_a_file_that_does_not_exist_is_empty(self, logs):
        assert run(logs.read(RUN, "absent.txt", 0, limit=10)) == b""
        assert run(logs.list(RUN)) == []

    def test_a_folder_of_logs_is_no_log(self, logs):
        async def inside():
            await logs.append(RUN, STD, 0, b"0123")
            assert await logs.read(RUN, "user_logs", 0, limit=10) == b""
            assert await logs.read(RUN, f"{STD}/below", 0, limit=10) == b""
            with pytest.raises(ConflictError) as caught:
                await logs.append(RUN, "user_logs", 0, b"4567")
            assert caught.value.code == "LogPathTaken"

        run(inside())

    def test_a_reader_is_woken_by_what_it_waits_for(self, logs):
        async def inside():
            reading = asyncio.create_task(logs.read(RUN, STD, 4, limit=10, wait=30))
            await asyncio.sleep(0)
            await logs.append(RUN, "other.txt", 0, b"not this")
            await logs.append(RUN, STD, 0, b"0123")
            await logs.append(("w1", "run-2"), STD, 0, b"not this")
            assert not reading.done()
            await logs.append(RUN, STD, 4, b"this")
            assert await asyncio.wait_for(reading, 5) == b"this"

        run(inside())

    def test_no_append_is_missed_however_close(self, logs):
        async def inside():
            async def follow() -> bytes:
                seen = b""
                while len(seen) < 200:
                    seen += await logs.read(RUN, STD, len(seen), limit=1000, wait=30)
                return seen

            async def write() -> None:
                for number in range(200):
                    await logs.append(RUN, STD, number, b"%d" % (number % 10))

            readers = [asyncio.create_task(follow()) for _ in range(5)]
            await write()
            expected = b"0123456789" * 20
            assert await asyncio.wait_for(asyncio.gather(*readers), 20) == [expected] * 5

        run(inside())

    def test_readers_end_when_the_owner_ended(self, logs):
        async def inside():
            readers = [
                asyncio.create_task(logs.read(RUN, STD, 0, limit=10, wait=30)) for _ in range(3)
            ]
            other = asyncio.create_task(logs.read(("w1", "run-2"), STD, 0, limit=1, wait=30))
            await asyncio.sleep(0)
            logs.wake(RUN)
            assert await asyncio.wait_for(asyncio.gather(*readers), 5) == [b""] * 3
            assert not other.done()
            logs.wake_all()
            assert await asyncio.wait_for(other, 5) == b""
            assert not logs._waiting

        run(inside())

    def test_a_reader_does_not_wait_longer_than_it_says(self, logs):
        started = time.monotonic()
        assert run(logs.read(RUN, STD, 0, limit=10, wait=0.05)) == b""
        assert time.monotonic() - started < 5

    def test_files_are_listed_by_path_and_removed_together(self, logs):
        async def inside():
            for path in ("user_logs/std_log.txt", "azureml-logs/20_image_build_log.txt", "a.log"):
                await logs.append(RUN, path, 0, path.encode())
            await logs.append(("w1", "run-2"), "a.log", 0, b"x")
            listed = await logs.list(RUN)
            assert [file.path for file in listed] == [
                "a.log",
                "azureml-logs/20_image_build_log.txt",
                "user_logs/std_log.txt",
            ]
            assert all(file.size == len(file.path) for file in listed)
            await logs.remove(RUN)
            assert await logs.list(RUN) == []
            assert len(await logs.list(("w1", "run-2"))) == 1
            await logs.remove(RUN)

        run(inside())

    @pytest.mark.parametrize("path", ["../x", "/etc/passwd", "a//b", "a\\b", "a\0", ""])
    def test_a05_paths_stay_inside(self, logs, path):
        with pytest.raises(InvalidError):
            run(logs.append(RUN, path, 0, b"x"))

    @pytest.mark.parametrize("owner", [("..", "x"), ("w", ""), ("w", "a/b")])
    def test_a05_owners_are_ids(self, logs, owner):
        with pytest.raises(InvalidError):
            run(logs.append(owner, "x", 0, b"x"))

    def test_a_file_is_not_a_folder(self, logs):
        run(logs.append(RUN, "a", 0, b"x"))
        for path in ("a/b", "a/b/c"):
            with pytest.raises(ConflictError):
                run(logs.append(RUN, path, 0, b"x"))
        run(logs.append(RUN, "c/d", 0, b"x"))
        with pytest.raises(ConflictError):
            run(logs.append(RUN, "c", 0, b"x"))


def test_r04_a_full_disk_keeps_the_log_as_it_was(tmp_path, monkeypatch):
    logs = LocalLogs(tmp_path)
    run(logs.append(RUN, STD, 0, b"0123"))
    pwrite = os.pwrite

    def half(descriptor: int, data: bytes, offset: int) -> int:
        if offset > 4:
            raise OSError(errno.ENOSPC, "full")
        return pwrite(descriptor, data[:2], offset)

    monkeypatch.setattr(os, "pwrite", half)
    with pytest.raises(StorageFullError):
        run(logs.append(RUN, STD, 4, b"4567"))
    monkeypatch.undo()
    assert run(logs.list(RUN))[0].size == 4
    assert run(logs.append(RUN, STD, 4, b"4567")) == 8
