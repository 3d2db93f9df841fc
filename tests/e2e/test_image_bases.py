"""Images that environments begin with: whose they are, and when they go; with a real engine."""

import asyncio
import os
from datetime import UTC, datetime, timedelta

import pytest
from building import need_index
from containers import IMAGE, need_engine, tell
from registry import NAME, PASSWORD, USER, registry
from zaffre.adapters.builders.kept import KeptFolders
from zaffre.adapters.builders.uv import UvBuilder
from zaffre.adapters.containers.bases import Bases, UnreachableRegistryError
from zaffre.adapters.containers.engine import Talk
from zaffre.adapters.containers.images import ImageBuilder
from zaffre.adapters.containers.kept import KeptImages
from zaffre.domain.environments import EnvironmentSpec, Image
from zaffre.domain.errors import UnavailableError
from zaffre_sdk.containers.engines import engine_environ

pytestmark = pytest.mark.timeout(240)


@pytest.fixture(scope="module")
def engine():
    return need_engine()


@pytest.fixture
def address(engine, tmp_path, monkeypatch):
    if engine.kind != "podman":
        pytest.skip("the registry of these tests takes its image from Podman")
    with registry(engine, IMAGE, tmp_path / "registry") as address:
        trusted = tmp_path / "registries.conf"
        trusted.write_text(f'[[registry]]\nlocation = "{address}"\ninsecure = true\n')
        monkeypatch.setenv("CONTAINERS_REGISTRIES_CONF", str(trusted))
        yield address
        tell(engine, "rmi", "--force", f"{address}/{NAME}:3")


@pytest.fixture
def bring(engine, address, tmp_path):
    assert address
    bases = Bases(tmp_path / "images" / "bases", copy=None)
    talk = Talk(engine, engine_environ(os.environ))
    return lambda **said: asyncio.run(bases.bring(talk, Image(**said), print))


def test_a_private_image_is_only_for_those_who_know_its_password(address, bring):
    name = f"{address}/{NAME}:3"
    known = {"username": USER, "password": PASSWORD}
    base = bring(name=name, **known)
    assert bring(name=name, **known) == base
    with pytest.raises(UnavailableError, match="cannot be fetched"):
        bring(name=name)
    with pytest.raises(UnavailableError, match="cannot be fetched"):
        bring(name=name, username=USER, password=PASSWORD[::-1])
    with pytest.raises(UnavailableError, match="cannot be fetched"):
        bring(name=base.id)
    for dockerfile in (
        f"FROM {name}\n",
        f"ARG BASE={name}\nFROM --platform=linux/amd64 ${{BASE}} AS one\n",
        f"FROM {IMAGE}\nCOPY --from={name} /etc/os-release /x\n",
    ):
        with pytest.raises(UnavailableError, match="cannot be fetched"):
            bring(dockerfile=dockerfile)


def test_a_base_goes_when_nothing_is_built_on_it_and_never_what_people_have_fetched(
    engine, address, bring, tmp_path
):
    bring(name=IMAGE)
    base = bring(name=f"{address}/{NAME}:3", username=USER, password=PASSWORD)
    kept = KeptImages(KeptFolders(tmp_path), tmp_path / "images", environ=os.environ)
    [one] = asyncio.run(kept.everything())
    assert (one.python, one.packages) == (base.name, ())
    assert one.size > 0
    kept._shelf.put("ab" * 32, ["six==1"], base=base.name)
    assert asyncio.run(kept.used_by_processes()) == {base.name: ["image abababababab"]}

    def remove(since):
        return asyncio.run(kept.remove([one.key], unused_since=since))

    now = datetime.now(UTC)
    assert remove(now - timedelta(hours=1)) == []
    assert remove(now + timedelta(hours=1)) == [one.key]
    assert tell(engine, "image", "inspect", base.name) == ""
    assert tell(engine, "image", "inspect", IMAGE)
    assert asyncio.run(kept.everything()) == []


@pytest.mark.usefixtures("engine")
def test_a_dockerfile_of_packages_is_read_when_no_registry_answers(tmp_path, monkeypatch):
    need_index()
    # Nobody listens there, in place of the registry of all.
    nowhere = tmp_path / "registries.conf"
    mirror = 'prefix = "docker.io"\nlocation = "127.0.0.1:1"\n'
    nowhere.write_text(f"[[registry]]\n{mirror}")
    monkeypatch.setenv("CONTAINERS_REGISTRIES_CONF", str(nowhere))

    async def nothing(_digest, _path):
        raise NotImplementedError

    here = UvBuilder(tmp_path / "environments", environ=os.environ)
    builder = ImageBuilder(here, tmp_path / "images", environ=os.environ, copy=nothing)
    said = []

    def build(run):
        image = Image(dockerfile=f"FROM docker.io/library/python:3.11-nowhere\nRUN {run}\n")
        return asyncio.run(builder.build(EnvironmentSpec(image=image), said.append))

    built = build("pip install six")
    assert built.image is None
    assert any("No registry answers" in line for line in said)
    with pytest.raises(UnreachableRegistryError, match="Dockerfile cannot be built"):
        build("curl x | sh")
