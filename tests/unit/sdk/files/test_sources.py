"""What of a source folder is sent."""

import contextlib
import hashlib
import os
import subprocess
import time
from pathlib import Path

import pytest
from zaffre_sdk.errors import ChangedWhileReadingError, SourceError, UnsafePathError
from zaffre_sdk.files import digests
from zaffre_sdk.files.paths import inside
from zaffre_sdk.files.sources import SourceFiles, check_limits, limit_bytes, model_files
from zaffre_sdk.files.walking import Found
from zaffre_sdk.home import Home


@pytest.fixture
def folder(tmp_path):
    folder = tmp_path / "src"
    folder.mkdir()
    return folder


def write(folder, path, text="x"):
    target = folder / path
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text(text)
    return target


def collect(folder, tmp_path):
    return SourceFiles(folder, home=Home(tmp_path / "home")).collect()


def paths(folder, tmp_path):
    return [file.entry.path for file in collect(folder, tmp_path)]


def test_files_come_with_digest_size_and_mode(folder, tmp_path):
    write(folder, "train.py", "print(1)")
    write(folder, "pkg/run.sh").chmod(0o755)
    [script, train] = collect(folder, tmp_path)
    assert (script.entry.path, script.entry.executable) == ("pkg/run.sh", True)
    assert (train.entry.size, train.entry.executable) == (8, False)
    assert train.entry.digest == hashlib.sha256(b"print(1)").hexdigest()


def test_what_is_never_source_is_left_out(folder, tmp_path):
    for path in (".git/config", "__pycache__/a.pyc", ".ipynb_checkpoints/a", ".env", "m.pyc"):
        write(folder, path)
    write(folder, "env/pyvenv.cfg")
    write(folder, "env/lib/a.py")
    write(folder, "a.py")
    assert paths(folder, tmp_path) == ["a.py"]
    write(folder, ".gitignore", "!.env\n")
    assert paths(folder, tmp_path) == [".env", ".gitignore", "a.py"]


def test_aml_ignore_wins_over_git_ignore_in_its_folder_and_below(folder, tmp_path):
    for path in ("a.csv", "b.txt", "sub/c.csv", "sub/d.txt"):
        write(folder, path)
    write(folder, ".gitignore", "*.csv\n")
    write(folder, "sub/.gitignore", "d.txt\n")
    names = [path for path in paths(folder, tmp_path) if "ignore" not in path]
    assert names == ["b.txt"]
    write(folder, ".amlignore", "b.txt\n")
    names = [path for path in paths(folder, tmp_path) if "ignore" not in path]
    assert names == ["a.csv", "sub/c.csv", "sub/d.txt"]


def test_ignore_files_mean_what_git_means(folder, tmp_path):
    write(
        folder, ".gitignore", "*.log\n!keep.log\n/top\nbuild/\na/**/z\n# note\n\\#odd\nq?.t[xy]t\n"
    )
    write(folder, "sub/.gitignore", "!deep.log\nlocal\n/anchored\n")
    for path in (
        "x.log", "keep.log", "top", "sub/top", "build/x", "sub/build/y", "a/z", "a/b/c/z",
        "#odd", "q1.txt", "q1.tzt", "sub/deep.log", "deep.log", "sub/local", "local",
        "sub/anchored", "sub/in/anchored", "sub/in/local", "build/keep.log", "a/b/y",
    ):  # fmt: skip
        write(folder, path)
    subprocess.run(["git", "init", "-q", folder], check=True)
    listed = subprocess.run(
        ["git", "-C", folder, "ls-files", "--others", "--exclude-standard", "-z"],
        check=True,
        capture_output=True,
    )
    assert sorted(paths(folder, tmp_path)) == sorted(listed.stdout.decode().split("\0")[:-1])


def test_a13_a_link_that_leaves_the_folder_is_refused_by_name(folder, tmp_path):
    secret = write(tmp_path, "id_rsa")
    write(folder, "a.py")
    (folder / "loot.txt").symlink_to(secret)
    with pytest.raises(SourceError, match=r"loot\.txt.*id_rsa.*outside"):
        collect(folder, tmp_path)
    write(folder, ".amlignore", "loot.txt\n")
    assert paths(folder, tmp_path) == [".amlignore", "a.py"]


@pytest.mark.parametrize("target", ["..", "../src2", "/etc"])
def test_a13_a_folder_link_that_leaves_is_refused(folder, tmp_path, target):
    write(tmp_path, "src2/secret")
    (folder / "out").symlink_to(target)
    with pytest.raises(SourceError, match="out`"):
        collect(folder, tmp_path)


def test_links_inside_are_followed_as_content(folder, tmp_path):
    write(folder, "data/a.txt", "A")
    (folder / "b.txt").symlink_to("data/a.txt")
    (folder / "more").symlink_to("data")
    assert paths(folder, tmp_path) == ["b.txt", "data/a.txt", "more/a.txt"]


def test_c66_loops_and_dead_links_are_refused(folder, tmp_path):
    write(folder, "a.py")
    (folder / "self").symlink_to(".")
    with pytest.raises(SourceError, match="a folder that it lies in itself"):
        collect(folder, tmp_path)
    (folder / "self").unlink()
    (folder / "x").symlink_to("y")
    with pytest.raises(SourceError, match="does not exist"):
        collect(folder, tmp_path)
    (folder / "y").symlink_to("x")
    with pytest.raises(SourceError, match="leads nowhere"):
        collect(folder, tmp_path)


def test_c61_a_folder_that_is_missing_is_named(tmp_path):
    with pytest.raises(SourceError, match=r"nowhere` does not exist"):
        collect(tmp_path / "nowhere", tmp_path)
    with pytest.raises(SourceError, match="is not a folder"):
        collect(write(tmp_path, "file"), tmp_path)


def test_c62_an_empty_folder_is_refused(folder, tmp_path):
    with pytest.raises(SourceError, match="no files to send"):
        collect(folder, tmp_path)
    write(folder, ".git/config")
    with pytest.raises(SourceError, match="no files to send"):
        collect(folder, tmp_path)


def test_c63_a_folder_that_is_too_large_names_the_largest(folder, tmp_path, monkeypatch):
    for number in range(7):
        write(folder, f"data/{number}.bin", "x" * (number + 1) * 1000)
    write(folder, "train.py")
    monkeypatch.setenv("ZAFFRE_SNAPSHOT_LIMIT", "20KB")
    with pytest.raises(SourceError) as caught:
        collect(folder, tmp_path)
    message = caught.value.message
    assert ".amlignore" in message
    assert "ZAFFRE_SNAPSHOT_LIMIT" in message
    assert [f"data/{number}.bin" in message for number in range(7)] == [False] * 2 + [True] * 5
    monkeypatch.setenv("ZAFFRE_SNAPSHOT_LIMIT", "1GB")
    assert len(collect(folder, tmp_path)) == 8


def test_c63_too_many_files_name_their_folders():
    stat = os.stat_result((0o100644, 1, 1, 1, 0, 0, 1, 0, 0, 0))
    files = [Found(f"many/{number}", Path("x"), stat) for number in range(100_001)]
    with pytest.raises(SourceError, match=r"100,001 files  many/"):
        check_limits(Path("x"), files, limit=10**9)


def test_limits_are_written_as_people_do():
    assert limit_bytes({}) == 2 * 10**9
    assert [limit_bytes({"ZAFFRE_SNAPSHOT_LIMIT": text}) for text in ("5GB", "1.5 mb", "7")] == [
        5 * 10**9,
        1_500_000,
        7,
    ]
    with pytest.raises(SourceError, match="such as `5GB`"):
        limit_bytes({"ZAFFRE_SNAPSHOT_LIMIT": "lots"})


@pytest.mark.skipif(os.geteuid() == 0, reason="the superuser may read everything")
def test_c65_a_file_that_cannot_be_read_is_named(folder, tmp_path):
    write(folder, "a.py").chmod(0)
    with pytest.raises(SourceError, match=r"a\.py` cannot be read: Permission denied"):
        collect(folder, tmp_path)


def test_c67_names_that_other_systems_cannot_have_are_refused(folder, tmp_path):
    write(folder, "a:b")
    with pytest.raises(SourceError, match="a backslash, a colon"):
        collect(folder, tmp_path)


def test_c68_a_file_that_grows_while_it_is_read_is_refused(folder):
    path = write(folder, "a.py")
    before = path.stat()
    path.write_text("longer")
    with pytest.raises(ChangedWhileReadingError, match="changed while reading"):
        digests.file_digest(path, before)


def test_unchanged_files_are_not_read_again(folder, tmp_path, monkeypatch):
    old = write(folder, "old.py", "1")
    new = write(folder, "new.py", "2")
    long_ago = time.time() - 60
    os.utime(old, (long_ago, long_ago))
    first = {file.entry.path: file.entry.digest for file in collect(folder, tmp_path)}
    read = []
    real = digests.file_digest
    monkeypatch.setattr(
        digests, "file_digest", lambda path, stat: read.append(path) or real(path, stat)
    )
    second = {file.entry.path: file.entry.digest for file in collect(folder, tmp_path)}
    assert first == second
    # What was written a moment ago may be written to again within the same tick of the clock.
    assert read == [new]
    old.write_text("3")
    os.utime(old, (long_ago, long_ago))
    third = {file.entry.path: file.entry.digest for file in collect(folder, tmp_path)}
    assert third["old.py"] != first["old.py"]


def test_models_are_files_or_folders_under_their_own_name(folder, tmp_path):
    home = Home(tmp_path / "home")
    path = write(folder, "model/weights.bin")
    write(folder, "model/__pycache__/x.pyc")
    write(folder, "model/env/pyvenv.cfg")
    assert [file.entry.path for file in model_files(path, home=home)] == ["weights.bin"]
    assert [file.entry.path for file in model_files(folder / "model", home=home)] == [
        "model/__pycache__/x.pyc",
        "model/env/pyvenv.cfg",
        "model/weights.bin",
    ]
    with pytest.raises(SourceError, match="does not exist"):
        model_files(folder / "none", home=home)


@pytest.mark.parametrize(
    "path", ["../x", "/x", "a/../../x", "a//b", "", "a\\b", "C:x", "a/.", "x\0", "nul /a", "a\n"]
)
def test_a12_unsafe_paths_are_refused(folder, path):
    with pytest.raises(UnsafePathError, match="nothing was written"):
        inside(folder, path)


def test_a12_paths_through_links_are_refused(folder, tmp_path):
    (folder / "out").symlink_to(tmp_path)
    with pytest.raises(UnsafePathError, match="through a link"):
        inside(folder, "out/x")
    assert inside(folder, "a/b.txt") == folder / "a" / "b.txt"


def test_a_list_of_what_is_sent_reaches_into_folders(folder, tmp_path):
    for path in ("a.py", "b.csv", "pkg/c.py", "pkg/d.csv", "pkg/deep/e.py"):
        write(folder, path)
    write(folder, ".amlignore", "*\n!*/\n!*.py\n")
    assert paths(folder, tmp_path) == ["a.py", "pkg/c.py", "pkg/deep/e.py"]
    write(folder, ".amlignore", "pkg/**\n!pkg/c.py\n*.csv\n")
    assert paths(folder, tmp_path) == [".amlignore", "a.py", "pkg/c.py"]


def test_a_link_to_a_folder_elsewhere_is_ignored_as_a_folder(folder, tmp_path):
    (tmp_path / "elsewhere").mkdir()
    (folder / "data").symlink_to(tmp_path / "elsewhere")
    write(folder, "a.py")
    with pytest.raises(SourceError, match="outside"):
        paths(folder, tmp_path)
    write(folder, ".amlignore", "data/\n")
    assert paths(folder, tmp_path) == [".amlignore", "a.py"]


def test_names_that_differ_only_in_the_spelling_of_unicode_are_refused(folder, tmp_path):
    write(folder, "caf\u00e9.py", "1")
    write(folder, "cafe\u0301.py", "2")
    with pytest.raises(SourceError, match=r"cafe\\u0301.* two spellings"):
        paths(folder, tmp_path)
    write(folder, ".gitignore", "caf\u00e9.py\n")
    assert paths(folder, tmp_path) == [".gitignore"]


def test_a_name_that_is_no_text_is_refused(folder, tmp_path):
    Path(os.fsdecode(os.fsencode(folder) + b"/a\xff.py")).touch()
    with pytest.raises(SourceError, match="no text") as caught:
        paths(folder, tmp_path)
    assert caught.value.message.encode()


def test_files_that_go_away_while_the_folder_is_read_are_left_out(folder, tmp_path, monkeypatch):
    gone = write(folder, "gone.tmp")
    write(folder, "kept.py")
    write(folder, "lost/x")
    real = os.scandir

    def scandir(path):
        if Path(path).name == "lost":
            raise FileNotFoundError
        entries = list(real(path))
        gone.unlink(missing_ok=True)
        return contextlib.nullcontext(entries)

    monkeypatch.setattr("os.scandir", scandir)
    assert paths(folder, tmp_path) == ["kept.py"]


def test_pipes_and_sockets_are_left_out(folder, tmp_path):
    os.mkfifo(folder / "pipe")
    write(folder, "a.py")
    assert paths(folder, tmp_path) == ["a.py"]
