"""`zaffre doctor`: what may stand in the way, and how to mend it."""

import json
import os
import shutil
import sqlite3
import stat
import sys
from collections.abc import Callable
from dataclasses import asdict, dataclass
from importlib import metadata
from typing import Final

import click
from zaffre_sdk.client.connection import local_client
from zaffre_sdk.containers.engines import NoEngineError, find_engine
from zaffre_sdk.errors import SdkError
from zaffre_sdk.home import Home
from zaffre_sdk.runner.java import javas

from zaffre import __version__
from zaffre.adapters.builders.conda_tools import AUTO, NEVER, NoCondaError, find_conda
from zaffre.cli.options import home_option, output_option

_LEAST_PYTHON: Final = (3, 11)
_LEAST_SQLITE: Final = (3, 35, 0)
_LEAST_FREE_BYTES: Final = 1 << 30
_OTHERS: Final = stat.S_IRWXG | stat.S_IRWXO
_MARKS: Final = {"ok": "ok  ", "warning": "warn", "serious": "FAIL"}
_GENUINE: Final = ("azureml-core", "azureml-sdk", "azureml-pipeline-core", "azureml-train-core")


@dataclass(frozen=True, slots=True)
class Finding:
    """What was found out about one thing: `ok`, `warning` or `serious`."""

    name: str
    level: str
    words: str


@click.command()
@home_option
@output_option
def command(home: Home, output: str) -> None:
    """Look at this machine and this home; exits with 1 when something serious is found."""
    findings = [check(home) for check in CHECKS]
    if output == "json":
        click.echo(json.dumps([asdict(finding) for finding in findings]))
    else:
        click.echo(f"zaffre {__version__}")
        for finding in findings:
            click.echo(f"[{_MARKS[finding.level]}] {finding.name}: {finding.words}")
    if any(finding.level == "serious" for finding in findings):
        sys.exit(1)


def _python(_home: Home) -> Finding:
    words = f"{sys.version.split()[0]} at {sys.executable}"
    return Finding("python", "ok" if sys.version_info >= _LEAST_PYTHON else "serious", words)


def _sqlite(_home: Home) -> Finding:
    version = sqlite3.sqlite_version
    if sqlite3.sqlite_version_info < _LEAST_SQLITE:
        return Finding("sqlite", "serious", f"{version} is too old; use a newer Python build.")
    return Finding("sqlite", "ok", version)


def _modes(home: Home) -> Finding:
    if not home.root.exists():
        return Finding("home", "ok", f"{home.root} is made by the first `zaffre up`.")
    wrong = [
        str(path)
        for path in (home.root, home.token_path, home.vault_key_path)
        if path.exists() and path.stat().st_mode & _OTHERS
    ]
    if wrong:
        mend = f"chmod go-rwx {' '.join(wrong)}"
        return Finding("home", "serious", f"Others can get into it. Mend it with: {mend}")
    return Finding("home", "ok", f"{home.root} is yours alone.")


def _disk(home: Home) -> Finding:
    place = next(path for path in (home.root, *home.root.parents) if path.exists())
    free = shutil.disk_usage(place).free
    words = f"{free / (1 << 30):.1f} GiB are free."
    return Finding("disk", "ok" if free >= _LEAST_FREE_BYTES else "serious", words)


def _uv(_home: Home) -> Finding:
    try:
        return Finding("uv", "ok", f"{metadata.version('uv')}, which builds environments.")
    except metadata.PackageNotFoundError:
        found = shutil.which("uv")
    if found:
        return Finding("uv", "ok", found)
    return Finding("uv", "serious", "Not found; environments cannot be built. `pip install uv`")


def _containers(_home: Home) -> Finding:
    try:
        engine = find_engine(os.environ)
    except NoEngineError as error:
        words = f"None: {error}. Environments that are images need Podman or Docker."
        return Finding("containers", "ok", words)
    if not engine.limits:
        words = f"{engine.words}, which cannot limit processors or memory of containers here."
        return Finding("containers", "warning", words)
    return Finding("containers", "ok", f"{engine.words} ({engine.program}).")


def _conda(_home: Home) -> Finding:
    setting = os.environ.get("ZAFFRE_CONDA", AUTO)
    try:
        tool = find_conda(setting, os.environ)
    except NoCondaError as error:
        words = f"None: {error}. Conda packages come from the Python package index."
        return Finding("conda", "ok" if setting in {AUTO, NEVER} else "serious", words)
    return Finding("conda", "ok", f"{tool.words} ({tool.program}), which brings conda packages.")


def _java(_home: Home) -> Finding:
    found = javas(os.environ)
    if not found:
        words = "None; runs of Spark need one, such as `apt-get install openjdk-17-jre-headless`."
        return Finding("java", "ok", words)
    words = ", ".join(f"{java.version} ({java.home})" for java in found)
    return Finding("java", "ok", f"{words}, for runs of Spark.")


def _clash(_home: Home) -> Finding:
    found = [name for name in _GENUINE if _is_installed(name)]
    if not found:
        return Finding("azureml", "ok", "Only the names of zaffre are installed.")
    mend = f"pip uninstall -y {' '.join(found)} && pip install --force-reinstall zaffre-sdk"
    words = f"{', '.join(found)} of Microsoft overlay those of zaffre. Mend it with: {mend}"
    return Finding("azureml", "serious", words)


def _server(home: Home) -> Finding:
    info = home.running()
    if info is None:
        return Finding("server", "ok", "None runs; `zaffre up` starts one.")
    try:
        version = local_client(home, url=info.url).server().version
    except SdkError as error:
        return Finding("server", "serious", f"{info.url} cannot be reached: {error}")
    if version != __version__:
        words = f"It is zaffre {version}, this is {__version__}: `zaffre down`, then `zaffre up`."
        return Finding("server", "warning", words)
    return Finding("server", "ok", f"{info.url} answers.")


def _is_installed(name: str) -> bool:
    try:
        metadata.distribution(name)
    except metadata.PackageNotFoundError:
        return False
    return True


CHECKS: Final[tuple[Callable[[Home], Finding], ...]] = (
    _python,
    _sqlite,
    _modes,
    _disk,
    _uv,
    _containers,
    _conda,
    _java,
    _clash,
    _server,
)
