"""Where a database is and how it is spoken to, from the fields of a datastore and nothing else.

No text with options inside is made or taken apart here: drivers read those in ways of their own,
and some options open files or load code. Every field is one argument of the driver.
"""

import re
import ssl
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from zaffre.base.text import shown
from zaffre.domain.datastores import Datastore
from zaffre.domain.errors import InvalidError

# Names and numbers of hosts. A path would be a socket of this machine, a comma a list of hosts.
_HOST: Final = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9._-]{0,252})|[0-9A-Fa-f:]{2,45}")
# The system itself fails on longer and on empty ones, in words of its own.
_LABEL: Final = 63
_MAX_PORT: Final = 65_535
_TRUE: Final = {"true": True, "false": False}


@dataclass(frozen=True, slots=True)
class Address:
    """A database and who asks it.

    Attributes:
        trust: Whom to trust for TLS, which is demanded then; None speaks without TLS.
    """

    host: str
    port: int
    database: str
    user: str
    password: str = field(repr=False)
    trust: ssl.SSLContext | None

    @property
    def shown(self) -> str:
        """How messages name it."""
        return f"`{self.host}:{self.port}/{self.database}`"


def address_of(datastore: Datastore, credential: Mapping[str, str], *, port: int) -> Address:
    """Return the address that a datastore stands for.

    Args:
        datastore: With `server_name` (completed by `endpoint`, if there is one), `database_name`,
            `port_number`, `username`, `enforce_ssl`, and `tls_authority`: a certificate in PEM
            that is trusted instead of those of the system.
        credential: With `password`, if there is one.
        port: The usual one.

    Raises:
        InvalidError: `InvalidSetting`.
    """
    settings = datastore.settings
    return Address(
        host=_host(settings),
        port=_port(settings.get("port_number", ""), usual=port),
        database=_needed(settings, "database_name"),
        user=_needed(settings, "username"),
        password=credential.get("password", ""),
        trust=_trust(settings),
    )


def _host(settings: Mapping[str, str]) -> str:
    name, endpoint = _needed(settings, "server_name"), settings.get("endpoint", "")
    host = f"{name}.{endpoint}" if endpoint else name
    labels = host.removesuffix(".").split(".")
    if not _HOST.fullmatch(host) or not all(0 < len(label) <= _LABEL for label in labels):
        raise _wrong("server_name", host, hint="Name a host, such as `db.example.com`.")
    return host


def _port(text: str, *, usual: int) -> int:
    if not text:
        return usual
    if not (text.isascii() and text.isdigit() and 0 < int(text) <= _MAX_PORT):
        raise _wrong("port_number", text, hint=f"Name a number from 1 to {_MAX_PORT}.")
    return int(text)


def _trust(settings: Mapping[str, str]) -> ssl.SSLContext | None:
    wanted = settings.get("enforce_ssl", "") or "true"
    if wanted.lower() not in _TRUE:
        raise _wrong("enforce_ssl", wanted, hint="Say `true` or `false`.")
    if not _TRUE[wanted.lower()]:
        return None
    authority = settings.get("tls_authority", "")
    try:
        return ssl.create_default_context(cadata=authority or None)
    except (ssl.SSLError, ValueError) as error:
        hint = "Give the certificate in PEM, from `-----BEGIN CERTIFICATE-----` on."
        raise _wrong("tls_authority", str(error), hint=hint) from error


def _needed(fields: Mapping[str, str], name: str) -> str:
    value = fields.get(name, "")
    if not value or "\0" in value:
        raise _wrong(name, value, hint="Register the datastore again, with this field.")
    return value


def _wrong(name: str, value: str, *, hint: str) -> InvalidError:
    return InvalidError(
        "InvalidSetting",
        f"The datastore's `{name}` is {shown(value)}, which is not allowed.",
        target=name,
        hint=hint,
    )
