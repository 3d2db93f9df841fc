"""What can be wrong with a machine, in words: SSH says it on its error output."""

import re
from collections.abc import Sequence
from typing import Final

_CHANGED_KEY: Final = re.compile(r"REMOTE HOST IDENTIFICATION HAS CHANGED|Host key verification")
_OFFERED_KEY: Final = re.compile(r"^(SHA256:\S+?)\.?$", re.MULTILINE)
_BAD_KEY: Final = re.compile(
    r"incorrect passphrase|invalid format|error in libcrypto", re.IGNORECASE
)
_NO_FORWARDING: Final = re.compile(r"remote port forwarding failed", re.IGNORECASE)
_NO_PROGRAM: Final = 127
_OLD_PYTHON: Final = 86
_NOISE: Final = re.compile(r"^(Warning: Permanently added|Allocated port|\s*$)")


class MachineError(OSError):
    """A machine cannot be used; the message says why and what to do."""


class MachineAwayError(MachineError):
    """It does not answer now, and may in a moment."""


class PortTakenError(MachineError):
    """The port there to which runners have become used is taken."""


def failure(who: str, *, code: int | None, lines: Sequence[str], pinned: str) -> MachineError:
    """Return what the end of SSH means.

    Args:
        who: The machine, as people write it.
        code: Its exit code.
        lines: What it said.
        pinned: The file that holds the key of the machine.
    """
    said = "\n".join(lines)
    if _CHANGED_KEY.search(said):
        offered = _OFFERED_KEY.search(said)
        now = f" ({offered[1]})" if offered else ""
        return MachineError(
            f"{who} shows another host key{now} than when it was first used, so it may be "
            "another machine. If it was installed anew, set `host_key` of the compute target to "
            f"its key, or remove the file `{pinned}` on the server."
        )
    if _BAD_KEY.search(said):
        return MachineError(
            f"The private key for {who} cannot be read: it is none, or its passphrase is wrong. "
            "Attach the machine again with the right one."
        )
    if "Permission denied" in said or "Too many authentication failures" in said:
        return MachineError(
            f"{who} refuses the login: the name, the password, the key or its passphrase "
            "is not the right one."
        )
    return _other(who, code, said)


def _other(who: str, code: int | None, said: str) -> MachineError:
    if _NO_FORWARDING.search(said):
        return PortTakenError(
            f"{who} gives no port back to the server: either it is taken, or its SSH server does "
            "not allow it (`AllowTcpForwarding` in sshd_config)."
        )
    if code == _NO_PROGRAM:
        return MachineError(
            f"{who} has no such Python. Install Python 3.8 or newer there, or say where it is by "
            f"the setting `python` of the compute target: {_last(said)}"
        )
    if code == _OLD_PYTHON:
        return MachineError(
            f"The Python of {who} is too old: {_last(said)} Install Python 3.8 or newer there, "
            "or say where it is by the setting `python` of the compute target."
        )
    return MachineAwayError(f"{who} is out of reach: {_last(said) or 'the connection ended'}")


def _last(said: str) -> str:
    lines = [line.strip() for line in said.splitlines() if not _NOISE.match(line)]
    return lines[-1] if lines else ""
