"""What an engine is told, with a program in its place that answers as one does."""

import asyncio
import sys
from datetime import UTC, datetime, timedelta

import pytest
from zaffre.adapters.builders.kept import KeptFolders
from zaffre.adapters.builders.process import run
from zaffre.adapters.builders.sdk_wheel import Wheel
from zaffre.adapters.containers.bases import Base, images_in
from zaffre.adapters.containers.engine import Talk
from zaffre.adapters.containers.given import GivenPython
from zaffre.adapters.containers.kept import ImageShelf, KeptImages
from zaffre.adapters.containers.layering import Layering, Order
from zaffre.adapters.containers.private import repository_of
from zaffre.domain.errors import UnavailableError
from zaffre_sdk.containers.engines import Engine

KEY = "ab" * 32


@pytest.fixture
def engine(tmp_path):
    """Puts a program on the path that notes what it is told and then does as is said."""

    def put(does):
        program = tmp_path / "podman"
        program.write_text(
            f"#!{sys.executable} -IS\nimport sys, time\n"
            f"with open({str(tmp_path / 'told')!r}, 'a') as file:\n"
            "    print(*sys.argv[1:], file=file, flush=True)\n" + does
        )
        program.chmod(0o700)
        return Engine(str(program), "podman", "5")

    return put


def told(tmp_path):
    """Return what the engine was told."""
    file = tmp_path / "told"
    return [line.split() for line in file.read_text().splitlines()] if file.exists() else []


def test_a_question_that_is_given_up_leaves_no_container(engine, tmp_path):
    talk = Talk(engine("if 'run' in sys.argv: time.sleep(60)\n"), {})

    async def give_up():
        asking = asyncio.create_task(talk.try_out("image", "python"))
        async with asyncio.timeout(20):
            while not told(tmp_path):  # noqa: ASYNC110 (another process has no event)
                await asyncio.sleep(0.01)
        asking.cancel()
        await asyncio.gather(asking, return_exceptions=True)

    asyncio.run(give_up())
    run, removal = told(tmp_path)
    assert removal == ["rm", "--force", "--time", "0", run[run.index("--name") + 1]]


@pytest.mark.parametrize("code", [0, 1])
def test_an_image_that_stays_is_known_afterwards(engine, tmp_path, code):
    engine(
        "answers = {'info': '{\"host\": {}}', 'image': '[{\"Id\": \"x\"}]'}\n"
        "print(next((said for word, said in answers.items() if word in sys.argv), ''))\n"
        f"sys.exit({code} if 'rmi' in sys.argv else 0)\n"
    )
    ImageShelf(tmp_path / "built").put(KEY, ["a==1"])
    kept = KeptImages(KeptFolders(tmp_path), tmp_path, environ={"PATH": str(tmp_path)})
    later = datetime.now(UTC) + timedelta(days=1)
    assert asyncio.run(kept.remove([KEY], unused_since=later)) == ([] if code else [KEY])
    shelf = ImageShelf(tmp_path / "built")
    assert len(shelf.everything()) == code
    assert shelf.place(KEY).held().packages == ("a==1",)


def layered(engine, tmp_path, said):
    """Return what an image holds whose Python answers so."""
    wheel = tmp_path / "zaffre_sdk-1-py3-none-any.whl"
    wheel.touch()
    order = Order(
        tag="tag",
        base=Base("base", "1" * 64),
        key=KEY,
        wheel=Wheel(wheel, "2" * 64, "1"),
        plan=None,
        choice=None,
        given=GivenPython("/usr/bin/python", "", is_supported=True),
    )
    talk = Talk(engine(f"print({said!r})\n"), {})
    with (tmp_path / "lock").open("wb") as lock:
        work = Layering(environ={}, copy=None).put(talk, order, say=print, lock=lock.fileno())
        return asyncio.run(work)


def test_what_an_image_says_when_its_python_starts_is_passed_over(engine, tmp_path):
    assert layered(engine, tmp_path, 'welcome\n["a==1"]') == ("a==1",)
    with pytest.raises(UnavailableError, match="answers something else"):
        layered(engine, tmp_path, "welcome")


def test_of_what_a_build_says_the_end_is_kept(tmp_path):
    program = "for number in range(6000): print(number)"
    heard = []
    with (tmp_path / "lock").open("wb") as lock:
        command = [sys.executable, "-c", program]
        work = run(command, environ={}, said=heard.append, held=lock.fileno())
        ended = asyncio.run(work)
    assert (len(heard), ended.lines) == (6000, heard[-5000:])


def test_images_that_a_dockerfile_takes_from_are_known():
    text = """\
ARG BASE="a.example/one:3" TAG
from --platform=linux/amd64 ${BASE} AS first
RUN --mount=type=bind,from=b.example/two,target=/x true
COPY --from=c.example/three@sha256:00 /x /y
FROM first
"""
    assert images_in(text) == [
        "a.example/one:3",
        "b.example/two",
        "c.example/three@sha256:00",
        "first",
    ]


@pytest.mark.parametrize(
    "address",
    ["docker.io/library/python", "python:3.11", "library/python@sha256:00", "docker.io/python:3"],
)
def test_a_repository_has_one_name(address):
    assert repository_of(address) == "python"
    assert repository_of("Host:5000/team/Image:3") == "host:5000/team/image"
