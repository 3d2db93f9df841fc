"""What the files of every datastore promise."""

import asyncio
import base64
import hashlib
import itertools
import os
from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from azurite import ACCOUNT, KEY, Azurite, azurite, sas_token
from zaffre.adapters.datafiles.choice import ChosenFiles
from zaffre.domain.data_packs import SmallFile, WantedFile
from zaffre.domain.datastores import (
    CredentialKind,
    Datastore,
    DatastoreKind,
    check_credential,
    check_settings,
)
from zaffre.domain.errors import (
    ConflictError,
    ForbiddenError,
    InvalidError,
    NotFoundError,
    PreconditionError,
    TooLargeError,
    UnavailableError,
)
from zaffre.ports.data_files import DataFiles

LARGE = os.urandom(19_000_001)
"""More than two parts of an upload in parts."""
NOW = datetime.now(UTC)
NAMES = [
    "a-b.csv", "a.csv", "a/b.csv", "a/b/c.csv", "a/b/d.txt", "a/b0.csv", "ab/x.csv",
    "year=2020/month=01/ä ö+%41.csv", "year=2020/month=02/#1.csv", "z",
]  # fmt: skip
_numbers = itertools.count()


@pytest.fixture(scope="module")
def cloud(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Azurite]:
    with azurite(tmp_path_factory.mktemp("azurite")) as running:
        yield running


def datastore(kind: DatastoreKind, settings: dict[str, str], **fields: Any) -> Datastore:
    return Datastore(
        workspace_id="w1",
        name="store",
        kind=kind,
        settings=check_settings(kind, settings),
        created_by="alice",
        created_at=NOW,
        updated_at=NOW,
        **fields,
    )


def in_cloud(
    cloud: Azurite,
    kind: DatastoreKind,
    *,
    credential: dict[str, str] | None = None,
    container: str = "",
) -> DataFiles:
    if not container:
        container = f"container-{next(_numbers)}"
        cloud.make_container(container)
    settings = {**cloud.settings, "container_name": container}
    credential = {"account_key": KEY} if credential is None else credential
    store = datastore(kind, settings, credential_kind=check_credential(kind, credential))
    return ChosenFiles(Path("/nowhere"), {}).open(store, credential)


@pytest.fixture(params=["built_in", "local", "azure_blob", "azure_data_lake_gen2"])
def files(request: pytest.FixtureRequest, tmp_path: Path) -> DataFiles:
    if request.param.startswith("azure"):
        return in_cloud(request.getfixturevalue("cloud"), DatastoreKind(request.param))
    (tmp_path / "root").mkdir()
    chosen = ChosenFiles(tmp_path / "home", {"data": tmp_path / "root"})
    if request.param == "built_in":
        return chosen.open(
            datastore(DatastoreKind.AZURE_BLOB, settings_of_built_in(), is_builtin=True), {}
        )
    return chosen.open(datastore(DatastoreKind.LOCAL, {"root": "data", "folder": "deep/er"}), {})


def settings_of_built_in() -> dict[str, str]:
    return {"account_name": "x", "container_name": "azureml-blobstore"}


async def stream(data: bytes, size: int = 65_536) -> AsyncIterator[bytes]:
    for start in range(0, len(data), size):
        yield data[start : start + size]


async def read(chunks: AsyncIterator[bytes]) -> bytes:
    return b"".join([chunk async for chunk in chunks])


async def fill(files: DataFiles, names: list[str] = NAMES) -> None:
    for name in names:
        await files.write(name, stream(name.encode()), overwrite=False)


async def listed(files: DataFiles, **how: Any) -> list[str]:
    return [file.path async for file in files.list(**how)]


def refused(work: Any, *errors: type[Exception]) -> Any:
    with pytest.raises(errors) as caught:
        asyncio.run(work)
    return caught.value


class TestDataFiles:
    @pytest.mark.parametrize("data", [b"", b"x", LARGE], ids=len)
    def test_what_was_written_is_what_is_read(self, files, data):
        async def inside():
            written = await files.write("deep/file.bin", stream(data), overwrite=False)
            assert (written.path, written.size) == ("deep/file.bin", len(data))
            assert abs((written.modified_at - datetime.now(UTC)).total_seconds()) < 60
            assert await files.stat("deep/file.bin") == written
            assert [one async for one in files.list()] == [written]
            assert await read(files.read("deep/file.bin")) == data
            digest = await files.digest("deep/file.bin")
            assert digest in {"", hashlib.sha256(data).hexdigest()}

        asyncio.run(inside())

    @pytest.mark.parametrize(
        ("start", "length"), [(0, 10), (5, None), (1_000_000, 9_000_000), (19_000_000, 1), (0, 0)]
    )
    def test_parts(self, files, start, length):
        async def inside():
            await files.write("large", stream(LARGE), overwrite=False)
            end = len(LARGE) if length is None else start + length
            assert await read(files.read("large", start=start, length=length)) == LARGE[start:end]

        asyncio.run(inside())

    def test_a_file_that_was_replaced_meanwhile_is_not_taken_for_the_other(self, files):
        async def inside():
            before = await files.write("a", stream(b"old"), overwrite=False)
            assert await read(files.read("a", mark=before.mark)) == b"old"
            after = await files.write("a", stream(b"new!"), overwrite=True)
            with pytest.raises(PreconditionError) as caught:
                await read(files.read("a", length=3, mark=before.mark))
            assert caught.value.code == "DataFileChanged"
            assert await read(files.read("a", start=1, mark=after.mark)) == b"ew!"

        asyncio.run(inside())

    @pytest.mark.parametrize("data", [b"new", LARGE], ids=len)
    def test_a_file_is_replaced_only_when_it_may_be(self, files, data):
        async def inside():
            before = await files.write("a", stream(b"old"), overwrite=False)
            with pytest.raises(ConflictError, match="`a`") as caught:
                await files.write("a", stream(data), overwrite=False)
            assert caught.value.code == "DataFileExists"
            assert await read(files.read("a")) == b"old"
            after = await files.write("a", stream(data), overwrite=True)
            assert await read(files.read("a")) == data
            assert after.mark != before.mark

        asyncio.run(inside())

    def test_of_two_writers_of_a_new_file_one_wins(self, files):
        async def inside():
            writing = (files.write("a", stream(b"%d" % n), overwrite=False) for n in range(8))
            done = await asyncio.gather(*writing, return_exceptions=True)
            lost = [one for one in done if isinstance(one, ConflictError)]
            assert len(lost) == 7, done
            winner = next(n for n, one in enumerate(done) if one not in lost)
            assert await read(files.read("a")) == b"%d" % winner

        asyncio.run(inside())

    def test_files_are_listed_in_order_of_their_paths(self, files):
        async def inside():
            await fill(files)
            assert await listed(files) == sorted(NAMES)
            for place in (*NAMES, "a", "a/", "b", "zz", "", "a/b/c.csv\U0010ffff"):
                behind = [name for name in sorted(NAMES) if name > place]
                assert await listed(files, after=place) == behind, place
            for prefix in ("a", "a/", "a/b", "a/b/", "year=2020/month=0", "/a/b/c", "none"):
                begin = prefix.lstrip("/")
                those = [name for name in sorted(NAMES) if name.startswith(begin)]
                assert await listed(files, prefix=prefix) == those, prefix

        asyncio.run(inside())

    def test_patterns_choose(self, files):
        async def inside():
            await fill(files)
            for pattern, count in {
                "": 10, "**": 10, "*": 3, "*.csv": 2, "a/*": 2, "a/**": 4, "a": 4, "a/": 4,
                "a/b": 2, "a/b/c.csv": 1, "**/*.csv": 8, "a/**/*.csv": 3, "*/*.csv": 3,
                "year=*/month=*/*": 2, "/a/*.csv": 2, "./a/*.csv": 2, "none": 0, "A.csv": 0,
            }.items():  # fmt: skip
                found = await listed(files, pattern=pattern)
                assert len(found) == count, (pattern, found)
            assert await listed(files, pattern="a/**", prefix="a/b", after="a/b.csv") == [
                "a/b/c.csv", "a/b/d.txt", "a/b0.csv",
            ]  # fmt: skip

        asyncio.run(inside())

    def test_removed_is_gone(self, files):
        async def inside():
            await fill(files, ["a/b", "c"])
            await files.remove("a/b")
            await files.remove("a/b")
            await files.remove("none/at/all")
            assert await listed(files) == ["c"]
            await fill(files, ["a"])
            assert await listed(files) == ["a", "c"]

        asyncio.run(inside())

    def test_absent(self, files):
        for question in (files.stat("no"), read(files.read("no/ne")), files.digest("no")):
            assert refused(question, NotFoundError).code == "DataFileNotFound"
        assert asyncio.run(listed(files, pattern="no")) == []

    @pytest.mark.parametrize(
        "path", ["../x", "/etc/passwd", "a/../../x", "a//b", ".", "", "a/", "a\0b", "a/./b"]
    )
    def test_a05_a10_paths_stay_inside(self, files, path):
        for question in (
            files.stat(path),
            read(files.read(path)),
            files.write(path, stream(b"x"), overwrite=True),
            files.remove(path),
            files.digest(path),
        ):
            refused(question, InvalidError)
        assert asyncio.run(listed(files)) == []

    @pytest.mark.parametrize("prefix", ["../", "a/../../", "..", "./"])
    def test_a05_a10_lists_stay_inside(self, files, prefix):
        refused(listed(files, prefix=prefix), InvalidError)
        refused(listed(files, pattern=f"../{prefix}*"), InvalidError)

    def test_what_is_the_house_s_own_is_not_there(self, files):
        error = refused(files.write(".zaffre-x/a", stream(b"x"), overwrite=True), InvalidError)
        assert error.code == "InvalidPath"
        for question in (
            files.stat("a/.zaffre-x"),
            read(files.read(".zaffre-proof")),
            files.remove(".zaffre-x"),
            listed(files, prefix=".zaffre-parts/"),
        ):
            assert refused(question, NotFoundError).code == "DataFileNotFound"

    @pytest.mark.parametrize("begun", [b"", b"x", LARGE], ids=len)
    def test_r24_a_broken_upload_is_never_seen(self, files, begun):
        async def broken() -> AsyncIterator[bytes]:
            async for chunk in stream(begun):
                yield chunk
            raise PreconditionError("DigestMismatch", "Not these.")

        error = refused(files.write("a", broken(), overwrite=True), PreconditionError)
        assert error.code == "DigestMismatch"
        assert asyncio.run(listed(files)) == []

    def test_r24_an_upload_that_is_cancelled_is_never_seen(self, files):
        async def inside():
            begun = asyncio.Event()

            async def endless() -> AsyncIterator[bytes]:
                yield LARGE
                begun.set()
                await asyncio.Event().wait()

            task = asyncio.create_task(files.write("a", endless(), overwrite=True))
            await begun.wait()
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
            assert await listed(files) == []

        asyncio.run(inside())

    def test_a_pack_is_as_many_files(self, files):
        async def inside():
            wanted = {"deep/er/a": b"1", "empty": b"", "deep/\u00fc": bytes(range(256)) * 100}
            wanted |= {f"many/{number:02}": b"%d" % number for number in range(20)}
            pack = [SmallFile(path, data) for path, data in wanted.items()]
            assert await files.write_pack(pack, overwrite=False) == [True] * len(pack)
            assert await listed(files) == sorted(wanted)
            for path, data in list(wanted.items())[:4]:
                assert await read(files.read(path)) == data
            asked = [WantedFile(file.path, file.mark) async for file in files.list()]
            found = await files.read_pack(asked)
            assert dict(zip([one.path for one in asked], found, strict=True)) == wanted

        asyncio.run(inside())

    def test_a_pack_replaces_only_what_it_may(self, files):
        async def inside():
            before = await files.write("a", stream(b"old"), overwrite=False)
            pack = [SmallFile("a", b"new"), SmallFile("b", b"new")]
            assert await files.write_pack(pack, overwrite=False) == [False, True]
            assert await files.read_pack([WantedFile("b"), WantedFile("a")]) == [b"new", b"old"]
            assert await files.write_pack(pack, overwrite=True) == [True, True]
            assert await files.read_pack([WantedFile("a")]) == [b"new"]
            with pytest.raises(PreconditionError) as caught:
                await files.read_pack([WantedFile("b"), WantedFile("a", before.mark)])
            assert caught.value.code == "DataFileChanged"

        asyncio.run(inside())

    @pytest.mark.parametrize("mark", ["a\r\nb: c", "\u00fc", "x" * 5000], ids=len)
    def test_a_mark_that_no_file_has_is_that_of_another(self, files, mark):
        asyncio.run(files.write("a", stream(b"x"), overwrite=False))
        error = refused(files.read_pack([WantedFile("a", mark)]), PreconditionError)
        assert error.code == "DataFileChanged"

    def test_of_two_files_of_one_path_in_a_pack_one_is_written(self, files):
        async def inside():
            pack = [SmallFile("a", b"1"), SmallFile("a", b"2")]
            written = await files.write_pack(pack, overwrite=False)
            assert sorted(written) == [False, True]
            assert await files.read_pack([WantedFile("a")]) == [pack[written.index(True)].data]

        asyncio.run(inside())

    def test_a05_a10_packs_stay_inside(self, files):
        for path in ("../x", "/etc/passwd", "a//b", "", "a\0b", ".zaffre-x"):
            pack = [SmallFile("fine", b""), SmallFile(path, b"x")]
            refused(files.write_pack(pack, overwrite=True), InvalidError)
            refused(files.read_pack([WantedFile(path)]), InvalidError, NotFoundError)
        assert asyncio.run(listed(files)) == []

    def test_a_pack_of_what_is_not_there_or_too_large(self, files):
        async def fill_it() -> None:
            await files.write("large", stream(LARGE), overwrite=False)
            await files.write("small", stream(b"x"), overwrite=False)

        asyncio.run(fill_it())
        absent = files.read_pack([WantedFile("small"), WantedFile("no")])
        assert refused(absent, NotFoundError).code == "DataFileNotFound"
        large = files.read_pack([WantedFile("small"), WantedFile("large")])
        assert refused(large, TooLargeError).code == "PackTooLarge"

    def test_a_reader_who_leaves_early_keeps_nothing(self, files):
        async def inside():
            await files.write("a", stream(LARGE), overwrite=False)
            reading = files.read("a")
            assert await anext(reading)
            await reading.aclose()
            await files.remove("a")
            assert await listed(files) == []

        asyncio.run(inside())


class TestObjectStores:
    def test_a_credential_that_is_refused_is_not_repeated(self, cloud, caplog):
        wrong = base64.b64encode(b"w" * 64).decode()
        files = in_cloud(cloud, DatastoreKind.AZURE_BLOB, credential={"account_key": wrong})
        error = refused(listed(files), ForbiddenError)
        assert error.code == "DatastoreRefused"
        assert wrong not in f"{error} {error.hint} {caplog.text}"

    def test_a_signature_opens_what_it_is_for(self, cloud, caplog):
        files = in_cloud(cloud, DatastoreKind.AZURE_BLOB, credential={"sas_token": sas_token()})
        asyncio.run(files.write("a/b", stream(LARGE), overwrite=False))
        assert asyncio.run(listed(files)) == ["a/b"]
        token = sas_token("rl")
        files = in_cloud(cloud, DatastoreKind.AZURE_BLOB, credential={"sas_token": token})
        error = refused(files.write("a", stream(b"x"), overwrite=True), ForbiddenError)
        signature = token.rpartition("sig=")[2]
        assert signature not in f"{error} {error.hint} {caplog.text}"

    def test_without_a_credential_nobody_is_named(self, cloud):
        files = in_cloud(cloud, DatastoreKind.AZURE_BLOB, credential={})
        assert refused(files.stat("a"), ForbiddenError, NotFoundError)

    @pytest.mark.parametrize("data", [b"x", LARGE], ids=len)
    def test_a_container_that_is_not_there_is_named(self, cloud, data):
        files = in_cloud(cloud, DatastoreKind.AZURE_BLOB, container="absent")
        for question in (listed(files), files.write("a", stream(data), overwrite=True)):
            error = refused(question, NotFoundError)
            assert error.code == "ContainerNotFound"
            assert "`store`" in str(error)

    def test_what_does_not_answer_is_named(self):
        settings = {
            "account_name": ACCOUNT, "container_name": "c", "protocol": "http",
            "endpoint": "127.0.0.1:9",
        }  # fmt: skip
        form = CredentialKind.ACCOUNT_KEY
        store = datastore(DatastoreKind.AZURE_BLOB, settings, credential_kind=form)
        files = ChosenFiles(Path("/nowhere"), {}).open(store, {"account_key": KEY})
        error = refused(files.stat("a"), UnavailableError)
        assert error.code == "DatastoreUnreachable"
        assert "`store`" in str(error)
