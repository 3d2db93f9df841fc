"""What every blob store promises."""

import asyncio
import contextlib
import errno
import hashlib
import os
import subprocess
import sys
import textwrap
import threading
from collections.abc import AsyncIterator, Iterable
from pathlib import Path

import pytest
from zaffre.adapters.blobs.draft import Draft
from zaffre.adapters.blobs.local import LocalBlobs
from zaffre.domain.errors import (
    InvalidError,
    NotFoundError,
    PreconditionError,
    StorageFullError,
    TooLargeError,
)

LARGE = os.urandom(3_500_000)
ROUNDS = int(os.environ.get("ZAFFRE_TEST_ROUNDS", "100"))


@pytest.fixture(params=["local"])
def blobs(request, tmp_path):
    assert request.param == "local"
    return LocalBlobs(tmp_path / "blobs", tmp_path / "tmp")


async def stream(data: bytes, size: int = 65536) -> AsyncIterator[bytes]:
    for start in range(0, len(data), size):
        yield data[start : start + size]


async def read(chunks: AsyncIterator[bytes]) -> bytes:
    return b"".join([chunk async for chunk in chunks])


def digest_of(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


class TestBlobs:
    @pytest.mark.parametrize("data", [b"", b"x", b"y" * (1 << 20), LARGE], ids=len)
    def test_what_was_put_is_what_is_opened(self, blobs, data):
        async def inside():
            assert await blobs.put(stream(data)) == (digest_of(data), len(data))
            assert await read(blobs.open(digest_of(data))) == data
            assert await blobs.size(digest_of(data)) == len(data)
            assert await blobs.verify(digest_of(data))

        asyncio.run(inside())

    @pytest.mark.parametrize(
        ("start", "length"), [(0, 10), (5, None), (1_000_000, 2_000_000), (3_499_999, 10), (0, 0)]
    )
    def test_parts(self, blobs, start, length):
        async def inside():
            digest, size = await blobs.put(stream(LARGE))
            end = size if length is None else start + length
            assert await read(blobs.open(digest, start=start, length=length)) == LARGE[start:end]

        asyncio.run(inside())

    def test_equal_bytes_are_kept_once(self, blobs, tmp_path):
        async def inside():
            await asyncio.gather(*(blobs.put(stream(LARGE)) for _ in range(4)))

        asyncio.run(inside())
        assert len([path for path in tmp_path.rglob("*") if path.is_file()]) == 1

    def test_c69_another_digest_than_expected(self, blobs, tmp_path):
        with pytest.raises(PreconditionError, match=digest_of(b"a")) as caught:
            asyncio.run(blobs.put(stream(b"a"), expected=digest_of(b"b")))
        assert caught.value.code == "DigestMismatch"
        assert not [path for path in tmp_path.rglob("*") if path.is_file()]

    def test_r24_an_upload_that_ends_early_leaves_nothing(self, blobs, tmp_path):
        async def broken() -> AsyncIterator[bytes]:
            yield LARGE
            raise ConnectionResetError

        with pytest.raises(ConnectionResetError):
            asyncio.run(blobs.put(broken()))
        assert not [path for path in tmp_path.rglob("*") if path.is_file()]

    def test_r24_an_upload_that_is_cancelled_leaves_nothing(self, blobs, tmp_path):
        async def inside():
            begun = asyncio.Event()

            async def endless() -> AsyncIterator[bytes]:
                yield LARGE
                begun.set()
                await asyncio.Event().wait()

            task = asyncio.create_task(blobs.put(endless()))
            await begun.wait()
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task

        asyncio.run(inside())
        assert not [path for path in tmp_path.rglob("*") if path.is_file()]

    def test_c15_over_the_limit(self, blobs, tmp_path):
        with pytest.raises(TooLargeError) as caught:
            asyncio.run(blobs.put(stream(LARGE), limit=2_000_000))
        assert caught.value.code == "BlobTooLarge"
        assert not [path for path in tmp_path.rglob("*") if path.is_file()]

    @pytest.mark.parametrize(
        "digest", ["../../etc/passwd", "A" * 64, "", "0" * 63, "0" * 63 + "/"]
    )
    def test_a10_a_digest_is_never_a_path(self, blobs, digest):
        for question in (
            blobs.size(digest),
            blobs.small(digest),
            read(blobs.open(digest)),
            blobs.verify(digest),
        ):
            with pytest.raises(InvalidError):
                asyncio.run(question)

    def test_absent(self, blobs, tmp_path):
        absent = digest_of(b"absent")
        for question in (
            blobs.size(absent),
            blobs.small(absent),
            read(blobs.open(absent)),
            blobs.copy_to(absent, tmp_path / "copy"),
        ):
            with pytest.raises(NotFoundError, match=absent):
                asyncio.run(question)
        assert asyncio.run(blobs.verify(absent)) is False
        assert not (tmp_path / "copy").exists()

    def test_copy(self, blobs, tmp_path):
        async def inside():
            digest, _ = await blobs.put(stream(LARGE))
            await blobs.copy_to(digest, tmp_path / "copy")

        asyncio.run(inside())
        assert (tmp_path / "copy").read_bytes() == LARGE


async def all_of(digests: list[str]) -> list[str]:
    return digests


def full(*_args: object) -> None:
    raise OSError(errno.ENOSPC, "full")


async def none_of(_digests: list[str]) -> list[str]:
    return []


class TestKeeping:
    def test_what_is_kept_can_be_read_at_once(self, blobs):
        async def inside():
            assert await blobs.keep(b"small") == (digest_of(b"small"), 5)
            assert await read(blobs.open(digest_of(b"small"))) == b"small"
            await blobs.keep(b"small")
            these = [digest_of(b"small"), digest_of(b"absent")]
            async with blobs.secure(these) as durable:
                assert durable == {digest_of(b"small")}
            assert await blobs.verify(digest_of(b"small"))

        asyncio.run(inside())

    def test_r27_what_is_secured_stays_until_it_was_let_go_elsewhere(self, blobs):
        async def inside():
            digest, _ = await blobs.keep(b"x")
            async with blobs.secure([digest]):
                assert await blobs.remove([digest], untouched_for=-1, confirm=all_of) == {}
            assert await blobs.remove([digest], untouched_for=-1, confirm=all_of) == {digest: 1}

        asyncio.run(inside())

    def test_r04_what_the_disk_did_not_take_is_not_called_durable_later(self, blobs, monkeypatch):
        async def inside():
            digest, _ = await blobs.keep(b"x")
            await blobs.settle()
            with monkeypatch.context() as patched:
                patched.setattr(os, "fsync", full)
                with pytest.raises(StorageFullError):
                    async with blobs.secure([digest]):
                        pass
            async with blobs.secure([digest]) as durable:
                assert durable == set()

        asyncio.run(inside())

    def test_r04_a_full_disk_is_no_reason_to_hold_more_and_more(self, blobs, monkeypatch):
        monkeypatch.setattr(Path, "replace", full)
        data = os.urandom(32 << 10)
        sent = [data + number.to_bytes(2, "big") for number in range(300)]

        async def inside():
            for one in sent:
                with contextlib.suppress(StorageFullError):
                    await blobs.keep(one)
            return [await blobs.verify(digest_of(one)) for one in sent]

        assert 200 < sum(asyncio.run(inside())) < 270

    def test_what_is_held_reads_as_any_other(self, blobs, tmp_path):
        async def inside():
            digest, _ = await blobs.keep(b"0123456789")
            for _ in range(2):
                assert await blobs.size(digest) == 10
                assert await blobs.small(digest) == b"0123456789"
                assert await read(blobs.open(digest, start=3, length=4)) == b"3456"
                await blobs.copy_to(digest, tmp_path / "copy")
                (tmp_path / "copy").unlink()
                await blobs.settle()

        asyncio.run(inside())

    def test_r27_what_is_held_is_not_removed(self, blobs):
        async def inside():
            digest, _ = await blobs.keep(b"x")
            assert await blobs.remove([digest], untouched_for=-1, confirm=all_of) == {}
            await blobs.settle()
            assert await blobs.remove([digest], untouched_for=-1, confirm=all_of) == {digest: 1}
            await blobs.keep(b"x")
            assert await blobs.verify(digest)

        asyncio.run(inside())

    def test_r27_keeping_waits_for_a_removal(self, blobs):
        async def inside():
            digest, _ = await blobs.put(stream(b"x"))
            asked, answer = asyncio.Event(), asyncio.Event()

            async def later(digests: list[str]) -> list[str]:
                asked.set()
                await answer.wait()
                return digests

            removal = asyncio.create_task(blobs.remove([digest], untouched_for=-1, confirm=later))
            await asked.wait()
            keeping = asyncio.create_task(blobs.keep(b"x"))
            await asyncio.sleep(0)
            assert not keeping.done()
            answer.set()
            assert await removal == {digest: 1}
            await keeping
            await blobs.settle()
            assert await blobs.verify(digest)

        asyncio.run(inside())

    def test_r04_a_full_disk_leaves_held_bytes_where_they_are(self, blobs, tmp_path, monkeypatch):
        async def inside():
            digest, _ = await blobs.keep(b"x")
            with monkeypatch.context() as patched:
                patched.setattr(Path, "replace", full)
                with pytest.raises(StorageFullError):
                    await blobs.settle()
            assert await read(blobs.open(digest)) == b"x"
            assert not list((tmp_path / "tmp").iterdir())
            await blobs.settle()
            assert len(list(tmp_path.rglob(digest))) == 1

        asyncio.run(inside())

    def test_who_brings_much_waits_for_the_disk(self, blobs, tmp_path):
        async def inside():
            data = os.urandom(32 << 10)
            for number in range(300):
                await blobs.keep(data + number.to_bytes(2, "big"))

        asyncio.run(inside())
        # All but the last few are files by now.
        assert sum(path.is_file() for path in (tmp_path / "blobs").rglob("*")) > 200

    def test_r27_keeping_again_counts_as_a_touch(self, blobs, tmp_path):
        async def inside():
            digest, _ = await blobs.keep(b"x")
            await blobs.settle()
            for file in tmp_path.rglob(digest):
                os.utime(file, (1, 1))
            await blobs.keep(b"x")
            await blobs.settle()
            assert await blobs.remove([digest], untouched_for=60, confirm=all_of) == {}

        asyncio.run(inside())

    def test_r23_keeping_heals(self, blobs, tmp_path):
        async def inside():
            digest, _ = await blobs.keep(b"x")
            await blobs.settle()
            for file in tmp_path.rglob(digest):
                file.write_bytes(b"rotten")
            with pytest.raises(PreconditionError):
                await blobs.small(digest)
            await blobs.keep(b"x")
            await blobs.settle()
            assert await blobs.verify(digest)

        asyncio.run(inside())


class TestRemoval:
    def test_what_is_confirmed_goes(self, blobs):
        async def inside():
            kept, _ = await blobs.put(stream(b"kept"))
            gone, _ = await blobs.put(stream(LARGE))
            assert await blobs.remove([kept, gone], untouched_for=-1, confirm=none_of) == {}

            async def one(digests: list[str]) -> list[str]:
                assert digests == sorted([kept, gone])
                return [gone]

            removed = await blobs.remove([kept, gone], untouched_for=-1, confirm=one)
            assert removed == {gone: len(LARGE)}
            assert await blobs.verify(kept)
            assert not await blobs.verify(gone)

        asyncio.run(inside())

    def test_r27_what_was_put_just_now_stays(self, blobs):
        async def inside():
            digest, _ = await blobs.put(stream(b"x"))
            assert await blobs.remove([digest], untouched_for=60, confirm=all_of) == {}
            assert [found async for found in blobs.untouched(60)] == []
            assert [found async for found in blobs.untouched(-1)] == [[digest]]
            assert await blobs.verify(digest)

        asyncio.run(inside())

    def test_r27_putting_again_keeps(self, blobs, tmp_path):
        async def inside():
            digest, _ = await blobs.put(stream(b"x"))
            for file in tmp_path.rglob(digest):
                os.utime(file, (1, 1))
            await blobs.put(stream(b"x"))
            assert await blobs.remove([digest], untouched_for=60, confirm=all_of) == {}

        asyncio.run(inside())

    @pytest.mark.parametrize("data", [b"x", LARGE], ids=len)
    def test_r27_no_put_ends_while_it_is_asked_for_names(self, blobs, data):
        async def inside():
            digest, _ = await blobs.put(stream(data))
            putting = None

            async def look(digests: list[str]) -> list[str]:
                nonlocal putting
                putting = asyncio.create_task(blobs.put(stream(data)))
                done, _ = await asyncio.wait([putting], timeout=0.3)
                assert not done
                return digests

            assert digest in await blobs.remove([digest], untouched_for=-1, confirm=look)
            await putting
            assert await blobs.verify(digest)

        asyncio.run(inside())

    def test_r27_many_puts_and_removals_of_the_same_bytes(self, blobs):
        async def putting():
            for _ in range(ROUNDS):
                digest, _ = await blobs.put(stream(b"same"))
                names.add(digest)
                assert await blobs.verify(digest)
                await asyncio.sleep(0)
                names.discard(digest)

        async def unnamed(digests: list[str]) -> list[str]:
            return [digest for digest in digests if digest not in names]

        async def removing():
            while not done.is_set():
                await blobs.remove([digest_of(b"same")], untouched_for=0.5, confirm=unnamed)

        async def inside():
            remover = asyncio.create_task(removing())
            await putting()
            done.set()
            await remover

        names: set[str] = set()
        done = asyncio.Event()
        asyncio.run(inside())

    def test_r27_a_removal_that_is_cancelled_lets_no_put_in_before_its_end(
        self, blobs, monkeypatch
    ):
        async def inside():
            digest, _ = await blobs.put(stream(b"same"))
            begun, go, unlink = threading.Event(), threading.Event(), Path.unlink

            def slow(path, **more):
                if path.name == digest:
                    begun.set()
                    assert go.wait(10)
                unlink(path, **more)

            monkeypatch.setattr(Path, "unlink", slow)
            removal = asyncio.create_task(blobs.remove([digest], untouched_for=-1, confirm=all_of))
            assert await asyncio.to_thread(begun.wait, 10)
            removal.cancel()
            putting = asyncio.create_task(blobs.put(stream(b"same")))
            await asyncio.wait({removal, putting}, timeout=0.05)
            go.set()
            await asyncio.gather(removal, putting, return_exceptions=True)
            assert removal.cancelled()
            assert await read(blobs.open(digest)) == b"same"

        asyncio.run(inside())

    def test_what_is_not_there_counts_as_gone(self, blobs):
        absent = digest_of(b"absent")
        removed = asyncio.run(blobs.remove([absent], untouched_for=60, confirm=all_of))
        assert removed == {absent: 0}

    def test_a10_only_digests_are_removed(self, blobs):
        with pytest.raises(InvalidError):
            asyncio.run(blobs.remove(["../x"], untouched_for=-1, confirm=all_of))


def change_bit(data: bytearray) -> None:
    data[1_700_000] ^= 4


def cut_off(data: bytearray) -> None:
    del data[-1:]


def append(data: bytearray) -> None:
    data.extend(b"x")


class TestLocalBlobs:
    @pytest.mark.parametrize("damage", [change_bit, cut_off, append])
    def test_r23_damage_is_seen_before_the_last_chunk(self, tmp_path, damage):
        blobs = LocalBlobs(tmp_path / "blobs", tmp_path / "tmp")
        digest, _ = asyncio.run(blobs.put(stream(LARGE)))
        file = tmp_path / "blobs" / digest[:2] / digest
        data = bytearray(LARGE)
        damage(data)
        file.write_bytes(data)
        seen = bytearray()

        async def follow():
            async for chunk in blobs.open(digest):
                seen.extend(chunk)

        with pytest.raises(PreconditionError):
            asyncio.run(follow())
        assert len(seen) < len(LARGE)
        assert asyncio.run(blobs.verify(digest)) is False
        with pytest.raises(PreconditionError):
            asyncio.run(blobs.copy_to(digest, tmp_path / "copy"))
        assert not (tmp_path / "copy").exists()

    def test_r23_sending_it_again_heals_it(self, tmp_path):
        blobs = LocalBlobs(tmp_path / "blobs", tmp_path / "tmp")
        digest, _ = asyncio.run(blobs.put(stream(LARGE)))
        (tmp_path / "blobs" / digest[:2] / digest).write_bytes(b"rotten")
        asyncio.run(blobs.put(stream(LARGE)))
        assert asyncio.run(blobs.verify(digest))

    def test_a48_only_the_owner_gets_in(self, tmp_path):
        previous = os.umask(0)
        try:
            blobs = LocalBlobs(tmp_path / "data" / "blobs", tmp_path / "data" / "tmp")
            asyncio.run(blobs.put(stream(b"x")))
        finally:
            os.umask(previous)
        modes = {path: path.stat().st_mode & 0o777 for path in (tmp_path / "data").rglob("*")}
        assert modes
        assert all(mode == (0o700 if path.is_dir() else 0o600) for path, mode in modes.items())

    def test_files_of_earlier_servers_are_found(self, tmp_path):
        digest = digest_of(b"x")
        old = tmp_path / "blobs" / digest[:2] / digest[2:4]
        old.mkdir(parents=True)
        (old / digest).write_bytes(b"x")
        blobs = LocalBlobs(tmp_path / "blobs", tmp_path / "tmp")
        assert asyncio.run(blobs.verify(digest))
        assert not old.exists()

    def test_r01_leftovers_of_a_killed_server_are_removed(self, tmp_path):
        (tmp_path / "tmp").mkdir()
        (tmp_path / "tmp" / "blob-abc").write_bytes(b"half")
        LocalBlobs(tmp_path / "blobs", tmp_path / "tmp")
        assert not list((tmp_path / "tmp").iterdir())

    @pytest.mark.parametrize("error", [errno.ENOSPC, errno.EDQUOT])
    @pytest.mark.parametrize("moment", ["write", "fsync"])
    def test_r04_a_full_disk_has_its_own_word(self, tmp_path, monkeypatch, error, moment):
        blobs = LocalBlobs(tmp_path / "blobs", tmp_path / "tmp")

        def full(*_args: object) -> None:
            raise OSError(error, "full")

        if moment == "fsync":
            monkeypatch.setattr("zaffre.adapters.blobs.draft.os.fsync", full)
        else:
            monkeypatch.setattr(
                "zaffre.adapters.blobs.draft.os.fdopen", lambda *a, **k: _Full(full, *a, **k)
            )
        with pytest.raises(StorageFullError):
            asyncio.run(blobs.put(stream(b"x")))
        monkeypatch.undo()
        assert not list((tmp_path / "tmp").iterdir())
        asyncio.run(blobs.put(stream(b"x")))

    def test_r02_names_are_durable_before_the_answer(self, tmp_path, monkeypatch):
        blobs = LocalBlobs(tmp_path / "blobs", tmp_path / "tmp")
        done: list[tuple[str, str]] = []
        fsync, replace = os.fsync, Path.replace

        def noted_fsync(descriptor: int) -> None:
            done.append(("fsync", str(Path(f"/proc/self/fd/{descriptor}").readlink())))
            fsync(descriptor)

        def noted_replace(self: Path, target: Path) -> Path:
            done.append(("replace", str(target)))
            return replace(self, target)

        monkeypatch.setattr(os, "fsync", noted_fsync)
        monkeypatch.setattr(Path, "replace", noted_replace)
        digest, _ = asyncio.run(blobs.put(stream(b"x")))
        folder = tmp_path / "blobs" / digest[:2]
        # New bytes are named first, since that is cheaper and nobody reads them yet.
        named = [("replace", str(folder / digest)), ("fsync", str(folder / digest))]
        assert done == [("fsync", str(tmp_path / "blobs")), *named, ("fsync", str(folder))]
        done.clear()
        asyncio.run(blobs.put(stream(b"x")))
        # What others may rely on is only replaced by something durable.
        assert [what for what, _ in done] == ["fsync", "replace", "fsync"]
        assert str(tmp_path / "tmp") in done[0][1]
        assert done[2] == ("fsync", str(folder))

    @pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
    def test_r25_many_bytes_up_and_down_in_constant_memory(self, tmp_path):
        program = textwrap.dedent("""
            import asyncio, pathlib, resource, sys
            from zaffre.adapters.blobs.local import LocalBlobs

            def peak():
                return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss

            async def chunks(count):
                chunk = b"0123456789abcdef" * 4096
                for _ in range(count):
                    yield chunk

            async def main():
                root = pathlib.Path(sys.argv[1])
                blobs = LocalBlobs(root / "blobs", root / "tmp")
                await blobs.put(chunks(1))
                before = peak()
                digest, size = await blobs.put(chunks(4096))
                async for chunk in blobs.open(digest):
                    size -= len(chunk)
                print(size, peak() - before)

            asyncio.run(main())
        """)
        told = subprocess.run(
            [sys.executable, "-c", program, str(tmp_path)],
            check=True,
            capture_output=True,
            text=True,
        )
        missing, growth = map(int, told.stdout.split())
        assert missing == 0
        assert growth < 32 * 1024  # KiB, of 256 MiB
        for path in (tmp_path / "blobs").rglob("*"):
            if path.is_file():
                path.unlink()


class _Full:
    """A file on a disk that is full."""

    def __init__(self, fail, descriptor: int, *_args: object, **_options: object) -> None:
        self._fail = fail
        self._descriptor = descriptor

    def write(self, _data: Iterable[int]) -> int:
        return self._fail()

    def close(self) -> None:
        if self._descriptor >= 0:
            os.close(self._descriptor)
        self._descriptor = -1


def test_a_draft_may_be_discarded_twice(tmp_path):
    draft = Draft(tmp_path)
    draft.write(b"x")
    draft.discard()
    draft.discard()
    assert not list(tmp_path.iterdir())
