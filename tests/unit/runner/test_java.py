"""Which Javas there are, and which of them a Spark runs on."""

import os
from pathlib import Path

import pytest
from zaffre_sdk.runner import java
from zaffre_sdk.runner.java import Java, fitting, javas


@pytest.fixture(autouse=True)
def _nothing_elsewhere(monkeypatch):
    monkeypatch.setattr(java, "_PLACES", ())


def make(folder: Path, version: str, *, release: bool = True) -> Path:
    (folder / "bin").mkdir(parents=True)
    program = folder / "bin" / "java"
    program.write_text(f"#!/bin/sh\necho 'openjdk version \"{version}\"' >&2\n")
    program.chmod(0o755)
    if release:
        (folder / "release").write_text(f'IMPLEMENTOR="X"\nJAVA_VERSION="{version}"\n')
    return folder


def test_the_one_that_is_named_comes_before_that_of_the_path(tmp_path, monkeypatch):
    named, first = make(tmp_path / "named", "21.0.1"), make(tmp_path / "path", "17.0.15")
    monkeypatch.setattr(java, "_PLACES", (f"{tmp_path}/*",))
    make(tmp_path / "other", "11.0.2")
    environ = {"JAVA_HOME": str(named), "PATH": str(first / "bin")}
    assert [(one.home, one.number) for one in javas(environ)] == [
        (named, 21),
        (first, 17),
        (tmp_path / "other", 11),
    ]


def test_one_that_says_nothing_in_a_file_is_asked(tmp_path):
    home = make(tmp_path / "java-8", "1.8.0_392", release=False)
    (found,) = javas({"JAVA_HOME": str(home), "PATH": "/nowhere"})
    assert (found.version, found.number) == ("1.8.0_392", 8)


def test_none_is_started_for_somebody_else(tmp_path):
    homes = [make(tmp_path / name, "17.0.15", release=False) for name in ("silent", "piped")]
    for home in homes:
        (home / "bin" / "java").write_text(f"#!/bin/sh\ntouch {tmp_path}/started\n")
    os.mkfifo(homes[1] / "release")
    for home in homes:
        (found, *_) = javas({"JAVA_HOME": str(home), "PATH": "/nowhere"}, asks=False)
        assert (found.home, found.number) == (home, 0)
    assert not (tmp_path / "started").exists()


def test_a_home_that_leads_in_a_circle_is_none(tmp_path):
    (tmp_path / "circle").symlink_to(tmp_path / "circle")
    assert javas({"JAVA_HOME": str(tmp_path / "circle"), "PATH": "/nowhere"}) == []


def test_the_program_of_an_old_one_lies_deeper(tmp_path):
    make(tmp_path / "java-8" / "jre", "1.8.0_392")
    (found, *_) = javas({"PATH": str(tmp_path / "java-8" / "jre" / "bin")})
    assert found == Java(tmp_path / "java-8" / "jre", "1.8.0_392")


def test_a_folder_without_a_program_is_none(tmp_path):
    assert javas({"JAVA_HOME": str(tmp_path), "PATH": "/nowhere"}) == []


@pytest.mark.parametrize(
    ("spark", "fits"),
    [
        ("4.3.0", (17, 21, 25)),
        ("4.0.0.dev1", (17, 21)),
        ("3.5.9", (8, 11, 17, 21)),
        ("3.2.4", (8, 11)),
        ("2.4.8", (8,)),
    ],
)
def test_each_spark_runs_on_some(spark, fits):
    assert fitting(spark) == fits
