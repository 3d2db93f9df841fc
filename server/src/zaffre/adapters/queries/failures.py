"""What goes wrong with databases, in our words; whoever asked can do something about all of it."""

from typing import Final

from zaffre.adapters.queries.addresses import Address
from zaffre.base.text import shown
from zaffre.domain.errors import ConflictError, InvalidError
from zaffre.domain.queries import MAX_TIMEOUT_SECONDS, Query

CAST: Final = "Cast the value in the query, such as `value::text`, or name its parts."


def unreachable(address: Address, error: Exception) -> ConflictError:
    """Return the error for a database to which there is no way."""
    reason = str(error) or "no answer in time"
    if address.trust is None:
        hint = "Check the server's name, its `endpoint` and port, and that it runs."
    else:
        hint = (
            "Check the server's name, its `endpoint` and port, and that it runs and speaks TLS. "
            "Register the datastore with `tls_authority` when its certificate comes from an "
            "authority of your own, or with `enforce_ssl` false when the way to it is safe."
        )
    return ConflictError(
        "DatabaseUnreachable",
        f"The database {address.shown} cannot be reached: {reason}.",
        target="datastore",
        hint=hint,
    )


def lost(address: Address, reason: str) -> ConflictError:
    """Return the error for a connection that broke."""
    return ConflictError(
        "DatabaseUnreachable",
        f"The connection to the database {address.shown} broke: {reason or 'it was closed'}.",
        target="datastore",
        hint="Ask again.",
    )


def refused(address: Address, reason: str) -> ConflictError:
    """Return the error for a database that does not let the user of the datastore in."""
    return ConflictError(
        "DatabaseRefused",
        f"The database {address.shown} refuses the user {shown(address.user)}: {reason}.",
        target="datastore",
        hint="Register the datastore again with what the database wants, and `overwrite`.",
    )


def rejected(
    query: Query, reason: str, *, position: int | None = None, hint: str | None = None
) -> InvalidError:
    """Return the error for a query that the database does not take.

    Args:
        query: The query.
        reason: What the database says.
        position: The character that it is about, from 1.
        hint: What to do next, where the reason does not tell.
    """
    return InvalidError(
        "InvalidQuery",
        f"The database does not take the query{_place(query.text, position)}: {reason}.",
        target="query",
        hint=hint,
    )


def out_of_time(query: Query) -> InvalidError:
    """Return the error for a query on which the database worked for too long."""
    return InvalidError(
        "QueryTimeout",
        f"The database did not finish in {query.timeout_seconds} seconds.",
        target="timeout_seconds",
        hint=f"Ask for less, or give it more time: up to {MAX_TIMEOUT_SECONDS} seconds.",
    )


def no_rows() -> InvalidError:
    """Return the error for a statement that is no question."""
    return InvalidError(
        "InvalidQuery",
        "The statement answers no rows.",
        target="query",
        hint="Send one statement that does, such as `SELECT * FROM sales`.",
    )


def _place(text: str, position: int | None) -> str:
    if position is None or not 0 < position <= len(text) + 1:
        return ""
    before = text[: position - 1]
    column = len(before) - (before.rfind("\n") + 1) + 1
    return f" (line {before.count(chr(10)) + 1}, column {column})"
