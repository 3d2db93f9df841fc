"""Programs that make conda environments, and a channel of small packages for them."""

import bz2
import functools
import hashlib
import io
import json
import os
import platform
import shutil
import subprocess
import sys
import tarfile
from pathlib import Path

import pytest
from building import need_index
from uv import find_uv_bin
from zaffre.adapters.builders.conda_tools import AUTO, NoCondaError, find_conda
from zaffre.adapters.builders.settings import uv_environ

REAL = "ZAFFRE_TEST_CONDA"
PYTHON = platform.python_version()
_RATTLER = "py-rattler==0.26.0"
_PROGRAM = Path(__file__).with_name("conda_program.py")


def need_conda() -> str:
    """Return the conda of this machine; skip where there is none."""
    try:
        return find_conda(os.environ.get(REAL, AUTO), os.environ).program
    except NoCondaError as error:
        pytest.skip(f"NO CONDA HERE ({error}): install one, or name it in {REAL}")


@functools.cache
def rattler(folder: Path) -> str:
    """Return a program that is told what micromamba is, on a solver that the index has."""
    need_index()
    environment = folder / "rattler"
    for words in (("venv", "--quiet", str(environment)), ("pip", "install", "--quiet", _RATTLER)):
        subprocess.run(
            (find_uv_bin(), *words),
            check=True,
            cwd="/",
            env={**uv_environ(os.environ), "VIRTUAL_ENV": str(environment)},
        )
    program = folder / "micromamba"
    program.write_text(f'#!/bin/sh\nexec {environment}/bin/python {_PROGRAM} "$@"\n')
    program.chmod(0o755)
    return str(program)


class CondaChannel:
    """A channel in a folder, and the settings by which tools know it under its name.

    Python itself is a package of it: the interpreter of this machine, and a file that says where
    its library lies.
    """

    name = "house"

    def __init__(self, folder: Path) -> None:
        self.folder = folder / self.name
        self._records: dict[str, dict[str, object]] = {"linux-64": {}, "noarch": {}}
        self.settings = folder / "condarc"
        self.settings.write_text(f"custom_channels:\n  {self.name}: file://{folder}\n")
        self.environ = {
            "CONDARC": str(self.settings),
            "CONDA_PKGS_DIRS": str(folder / "packages"),
            "MAMBA_ROOT_PREFIX": str(folder / "mamba"),
        }
        self._add_python()
        self.module("pip", "24.0")

    def module(self, name: str, version: str, *needs: str, script: str = "") -> str:
        """Add a package with a module of its name that knows its version."""
        info = f"site-packages/{name}-{version}.dist-info"
        files = {
            f"site-packages/{name}.py": f"VERSION = '{version}'\n",
            f"{info}/METADATA": f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n",
            f"{info}/INSTALLER": "conda\n",
            f"{info}/RECORD": "",
        }
        if script:
            files[f"etc/conda/activate.d/{name}.sh"] = script
        contents = {path: (text.encode(), 0o644) for path, text in files.items()}
        return self._add("noarch", name, version, depends=["python", *needs], contents=contents)

    def forget(self, file: str) -> None:
        """Take a package away."""
        for subdir, records in self._records.items():
            if records.pop(file, None):
                (self.folder / subdir / file).unlink()
        self._write()

    def _add_python(self) -> None:
        real = Path(sys.base_prefix, "bin", f"python{PYTHON.rpartition('.')[0]}").resolve()
        binary = real.read_bytes()
        where = f"home = {real.parent}\nversion = {PYTHON}\n".encode()
        contents = {f"bin/{name}": (binary, 0o755) for name in ("python", real.name)}
        contents["pyvenv.cfg"] = (where, 0o644)
        self._add("linux-64", "python", PYTHON, depends=[], contents=contents)

    def _add(
        self,
        subdir: str,
        name: str,
        version: str,
        *,
        depends: list[str],
        contents: dict[str, tuple[bytes, int]],
    ) -> str:
        index: dict[str, object] = {
            "name": name,
            "version": version,
            "build": "0",
            "build_number": 0,
            "depends": depends,
            "subdir": subdir,
        }
        if subdir == "noarch":
            index["noarch"] = "python"
        data = _archive(index, contents)
        file = f"{name}-{version}-0.tar.bz2"
        path = self.folder / subdir / file
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
        sums = {kind: hashlib.new(kind, data).hexdigest() for kind in ("md5", "sha256")}
        self._records[subdir][file] = {**index, **sums, "size": len(data)}
        self._write()
        return file

    def _write(self) -> None:
        for subdir, records in self._records.items():
            content = {
                "info": {"subdir": subdir},
                "packages": records,
                "packages.conda": {},
                "repodata_version": 1,
            }
            folder = self.folder / subdir
            folder.mkdir(parents=True, exist_ok=True)
            (folder / "repodata.json").write_text(json.dumps(content))


def clear_caches(channel: CondaChannel) -> None:
    """Make tools fetch anew what the channel has."""
    shutil.rmtree(channel.environ["CONDA_PKGS_DIRS"], ignore_errors=True)
    shutil.rmtree(channel.environ["MAMBA_ROOT_PREFIX"], ignore_errors=True)


def _archive(index: dict[str, object], contents: dict[str, tuple[bytes, int]]) -> bytes:
    listed = [
        {
            "_path": path,
            "path_type": "hardlink",
            "sha256": hashlib.sha256(data).hexdigest(),
            "size_in_bytes": len(data),
        }
        for path, (data, _) in contents.items()
    ]
    info: dict[str, object] = {
        "info/index.json": index,
        "info/paths.json": {"paths": listed, "paths_version": 1},
        "info/link.json": {"noarch": {"type": "python"}, "package_metadata_version": 1},
    }
    if index["subdir"] != "noarch":
        del info["info/link.json"]
    files = {**contents, **{path: (json.dumps(one).encode(), 0o644) for path, one in info.items()}}
    files["info/files"] = ("".join(f"{path}\n" for path in contents).encode(), 0o644)
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        for path, (data, mode) in files.items():
            entry = tarfile.TarInfo(path)
            entry.size, entry.mode = len(data), mode
            archive.addfile(entry, io.BytesIO(data))
    return bz2.compress(buffer.getvalue())
