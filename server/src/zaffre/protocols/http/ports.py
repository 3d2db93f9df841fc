"""Ports on loopback."""

import socket

from zaffre.services.deployments import port_in_use

_BACKLOG = 128


def bind_loopback(port: int) -> socket.socket:
    """Return a socket that listens on loopback; port 0 takes a free one.

    Raises:
        ConflictError: `PortInUse`.
    """
    listening = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listening.bind(("127.0.0.1", port))
        listening.listen(_BACKLOG)
    except OSError:
        listening.close()
        raise port_in_use(port) from None
    return listening


def check_loopback(port: int) -> None:
    """Refuse a port that somebody has now; no promise for later.

    Raises:
        ConflictError: `PortInUse`.
    """
    bind_loopback(port).close()
