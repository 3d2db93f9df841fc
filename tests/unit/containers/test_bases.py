"""Whose images are, with a program in place of an engine that knows a private registry."""

import asyncio
import json
import sys

import pytest
from zaffre.adapters.containers.bases import Bases
from zaffre.adapters.containers.engine import Talk
from zaffre.adapters.containers.kept import ImageShelf
from zaffre.adapters.containers.taken import images_in
from zaffre.domain.environments import Image
from zaffre.domain.errors import UnavailableError
from zaffre_sdk.containers.engines import Engine

NAME = "r.example/team/x:1"
KNOWN = {"registry": "r.example", "username": "u", "password": "p"}
KEY = "ab" * 32
ENGINE = """\
import json, pathlib, sys
images = pathlib.Path(sys.argv[0]).with_name("images")
there = json.loads(images.read_text())
command, *words = sys.argv[1:]
name = words[-1]
if command == "image":  # as Podman, it takes the end of a name and the beginning of an Id
    ids = {key: format(index + 10, "x") * 64 for index, key in enumerate(there)}
    found = [one for one in there if one == name or one.endswith("/" + name)]
    found += [one for one in there if ids[one].startswith(name)]
    print(json.dumps([{"Id": ids[one], "RepoTags": [one]} for one in found[:1]]))
    sys.exit(0 if found else 1)
if command == "pull":
    if not any(word.startswith("--authfile") for word in words):
        sys.exit("unauthorized")
    there.append(name)
if command == "build":
    there += [word.partition("=")[2] for word in words if word.startswith("--tag=")]
images.write_text(json.dumps(there))
"""


@pytest.fixture
def bring(tmp_path):
    program = tmp_path / "podman"
    program.write_text(f"#!{sys.executable} -IS\n{ENGINE}")
    program.chmod(0o700)
    (tmp_path / "images").write_text(json.dumps(["docker.io/library/python:3"]))
    bases = Bases(tmp_path / "bases", copy=None)
    talk = Talk(Engine(str(program), "podman", "5"), {})
    return lambda **said: asyncio.run(bases.bring(talk, Image(**said), print))


@pytest.fixture
def private(bring):
    """An image that was fetched with a password."""
    return bring(name=NAME, **KNOWN)


@pytest.mark.usefixtures("private")
def test_an_image_is_as_private_by_other_names(bring):
    with pytest.raises(UnavailableError, match="cannot be fetched"):
        bring(name="team/x:1")
    assert bring(name="team/x:1", **{**KNOWN, "registry": ""}).name == "team/x:1"
    assert bring(name="python:3").name == "python:3"


def test_what_a_dockerfile_fetches_with_a_password_is_private_from_then_on(bring):
    bring(dockerfile=f"FROM {NAME}\n", **KNOWN)
    with pytest.raises(UnavailableError, match="cannot be fetched"):
        bring(name=NAME)
    with pytest.raises(UnavailableError, match="cannot be fetched"):
        bring(dockerfile=f"FROM {NAME}\n")


@pytest.mark.parametrize(
    "dockerfile",
    [
        "FROM r.example/te\\\nam/x:1\n",
        "# \\\nFROM r.example/team/x:1\n",
        "FROM ${X:-r.example/team/x:1}\n",
        "ARG A=b X='r.example/team/x:1'\nFROM $X\n",
        "ARG X=r.example\nARG Y=$X/team/x:1\nFROM $Y\n",
        "FROM python:3\nRUN --mount=from=r.example/team/x:1,target=/x true\n",
        "FROM python:3\nONBUILD COPY --from=team/x:1 /x /x\n",
        "FROM bbb\n",
        "FROM containers-storage:r.example/team/x:1\n",
        "FROM localhost/zaffre-environment:0123\n",
    ],
)
@pytest.mark.usefixtures("private")
def test_no_dockerfile_takes_what_is_private(bring, dockerfile):
    with pytest.raises(UnavailableError, match=r"cannot be fetched|cannot be told|not given to"):
        bring(dockerfile=dockerfile)


@pytest.mark.usefixtures("private")
def test_stages_and_images_of_all_are_taken(bring):
    text = "ARG TAG=3\nFROM \\\n  --platform=x python:${TAG} AS One\nFROM One\n"
    text += "COPY --from=0 /x /x\n"
    assert images_in(text) == ["python:3"]
    assert bring(dockerfile=text).name.startswith("localhost/zaffre-base:")


def test_images_of_environments_are_asked_for_by_nobody(bring):
    with pytest.raises(UnavailableError, match="is not given to others"):
        bring(name="zaffre-environment:0123")


def test_variables_of_a_dockerfile_add_only_so_much():
    text = f"ARG A={'x' * 900}\nFROM {'$A' * 90_000}\n"
    [word] = images_in(text)
    assert len(word) < 200_000


def test_an_image_that_is_just_removed_is_not_handed_out(tmp_path):
    shelf = ImageShelf(tmp_path)
    assert shelf.use(KEY) is None

    async def while_it_is_locked():
        async with shelf.place(KEY).locked(lambda: None):
            shelf.put(KEY, ["a==1"])
            return shelf.use(KEY), shelf.used(KEY)

    assert asyncio.run(while_it_is_locked()) == (None, ("a==1",))
    assert shelf.use(KEY) == ("a==1",)


def test_an_image_goes_although_what_it_held_cannot_be_written(tmp_path):
    shelf = ImageShelf(tmp_path)
    shelf.put(KEY, ["a==1"])
    (tmp_path / "ab" / f"{KEY}.held.new").mkdir()
    assert shelf.may_go(KEY, unused_since=float("inf"))
    shelf.drop(KEY)
    assert shelf.everything() == []
