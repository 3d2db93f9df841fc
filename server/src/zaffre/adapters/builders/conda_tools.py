"""The conda, mamba or micromamba of this machine: found, and asked what it is."""

import os
import re
import shutil
import subprocess
import threading
import time
from collections.abc import Iterator, Mapping
from typing import Final, NamedTuple

AUTO: Final = "auto"
NEVER: Final = "never"

_VARIABLES: Final = ("MAMBA_EXE", "CONDA_EXE")
_NAMES: Final = ("micromamba", "mamba", "conda")
_SECONDS_TO_ANSWER: Final = 60
_LOOK_AGAIN_SECONDS: Final = 60.0
_NAMED: Final = re.compile(r"(mamba|conda) (\d[\w.]*)")
_PLAIN: Final = re.compile(r"\d+\.\d[\w.]*")

_PREFIXES: Final = ("CONDA_", "MAMBA_")
_PASSED: Final = frozenset({
    "ALL_PROXY", "CONDARC", "CURL_CA_BUNDLE", "HOME", "HTTPS_PROXY", "HTTP_PROXY", "LANG",
    "LC_ALL", "LC_CTYPE", "LOGNAME", "MAMBARC", "NETRC", "NO_PROXY", "PATH", "REQUESTS_CA_BUNDLE",
    "SSL_CERT_DIR", "SSL_CERT_FILE", "TMPDIR", "TZ", "USER", "XDG_CACHE_HOME", "XDG_CONFIG_DIRS",
    "XDG_CONFIG_HOME", "XDG_DATA_HOME",
})  # fmt: skip
# What an environment says that was activated where the server was started.
_ACTIVATED: Final = ("PREFIX", "DEFAULT_ENV", "SHLVL", "PROMPT_MODIFIER", "STACKED")
_SETTINGS: Final = {
    "CONDA_CHANNEL_PRIORITY": "flexible",
    "CONDA_NUMBER_CHANNEL_NOTICES": "0",
    "CONDA_REGISTER_ENVS": "false",
    "CONDA_REPORT_ERRORS": "false",
    "MAMBA_CHANNEL_PRIORITY": "flexible",
    "MAMBA_NO_BANNER": "1",
    "MAMBA_NO_PROGRESS_BARS": "true",
    "NO_COLOR": "1",
}


class CondaTool(NamedTuple):
    """A program that makes conda environments.

    Attributes:
        program: Its path.
        kind: `conda`, `mamba` or `micromamba`.
    """

    program: str
    kind: str
    version: str

    @property
    def words(self) -> str:
        """Return what it is, for people."""
        return f"{self.kind} {self.version}"


class NoCondaError(Exception):
    """None of this machine works; says why."""


class Condas:
    """Finds the tool once, as long as it is there; looks again from time to time for one.

    Args:
        setting: `auto`, `never` or the path of one.
        environ: The environment of the server.
    """

    def __init__(self, setting: str, *, environ: Mapping[str, str]) -> None:
        self._setting = setting
        self._environ = dict(environ)
        self._lock = threading.Lock()
        self._found: CondaTool | None = None
        self._looked = float("-inf")

    def find(self) -> CondaTool | None:
        """Return the tool, if there is one that works."""
        with self._lock:
            if self._found is not None and not os.access(self._found.program, os.X_OK):
                self._found, self._looked = None, float("-inf")
            if self._found is None and time.monotonic() - self._looked > _LOOK_AGAIN_SECONDS:
                try:
                    self._found = find_conda(self._setting, self._environ)
                except NoCondaError:
                    self._found = None
                self._looked = time.monotonic()
            return self._found

    def may_be_there(self) -> bool:
        """Tell whether there is a program to ask, at no cost."""
        return next(_candidates(self._setting, self._environ), None) is not None


def find_conda(setting: str, environ: Mapping[str, str]) -> CondaTool:
    """Return the tool that the server uses.

    Raises:
        NoCondaError: There is none, or none that answers.
    """
    if setting == NEVER:
        raise NoCondaError("the server was told to use none")
    reasons = []
    for program in dict.fromkeys(_candidates(setting, environ)):
        try:
            return _asked(program, environ)
        except NoCondaError as error:
            reasons.append(str(error))
    raise NoCondaError("; ".join(reasons) or f"neither {', '.join(_NAMES)} is installed")


def conda_environ(environ: Mapping[str, str]) -> dict[str, str]:
    """Return the environment that the tool runs in: its own settings, and little else."""
    passed = {
        name: value
        for name, value in environ.items()
        if value and (name.upper() in _PASSED or _is_setting(name))
    }
    return {**passed, **_SETTINGS}


def _is_setting(name: str) -> bool:
    return name.startswith(_PREFIXES) and not name.partition("_")[2].startswith(_ACTIVATED)


def _candidates(setting: str, environ: Mapping[str, str]) -> Iterator[str]:
    if setting == NEVER:
        return
    if setting != AUTO:
        yield setting
        return
    for variable in _VARIABLES:
        if os.access(environ.get(variable, ""), os.X_OK):
            yield environ[variable]
    for name in _NAMES:
        if found := shutil.which(name, path=environ.get("PATH", os.defpath)):
            yield found


def _asked(program: str, environ: Mapping[str, str]) -> CondaTool:
    try:
        done = subprocess.run(  # noqa: S603 - a program that whoever runs the server has named
            [program, "--version"],
            capture_output=True,
            check=False,
            cwd="/",
            env=conda_environ(environ),
            stdin=subprocess.DEVNULL,
            text=True,
            timeout=_SECONDS_TO_ANSWER,
        )
    except (OSError, subprocess.SubprocessError) as error:
        raise NoCondaError(f"{program} does not run: {error}") from error
    said = done.stdout.strip()
    if named := _NAMED.match(said):
        return CondaTool(program, named[1], named[2])
    if done.returncode == 0 and _PLAIN.fullmatch(said):
        kind = "mamba" if os.path.basename(program) == "mamba" else "micromamba"  # noqa: PTH119
        return CondaTool(program, kind, said)
    last = (done.stderr.strip() or said or "nothing").splitlines()[-1]
    raise NoCondaError(f"{program} does not answer as conda does: {last}")
