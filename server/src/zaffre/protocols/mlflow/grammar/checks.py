"""What every filter and every order is held to, whatever it is that is searched."""

from collections.abc import Callable, Hashable, Iterable
from typing import TypeVar

from zaffre.base.text import shown
from zaffre.domain.search import MAX_ORDER, MAX_PATTERN, NULLS, PATTERNS, Comparison
from zaffre.protocols.mlflow.grammar.clauses import Clause, Identifier, order_of
from zaffre.protocols.mlflow.grammar.tokens import invalid, invalid_order

K = TypeVar("K", bound=Hashable)


def check_comparison(
    clause: Clause, allowed: frozenset[Comparison], *, nullable: str | None = None
) -> None:
    """Check that what a clause names can be compared as it asks.

    Args:
        clause: The clause.
        allowed: The comparisons of what it names.
        nullable: What can be absent, for the words of the error.

    Raises:
        InvalidError: `InvalidFilter`.
    """
    comparison, name = clause.comparison, shown_name(clause.identifier)
    if nullable is not None and comparison in NULLS - allowed:
        raise invalid(f"IS NULL / IS NOT NULL is only supported for {nullable}, not for {name}.")
    if comparison not in allowed:
        raise invalid(
            f"Invalid comparator {shown(comparison)} for {name}; "
            f"it is not one of {', '.join(sorted(allowed))}."
        )


def check_value(clause: Clause, *, wants_number: bool) -> None:
    """Check that a clause compares with what it can: a number, or else text.

    Raises:
        InvalidError: `InvalidFilter`.
    """
    name, value = shown_name(clause.identifier), clause.value
    if wants_number and not isinstance(value, float):
        raise invalid(f"Expected numeric value type for {name}. Found {shown(value)}.")
    if not wants_number and isinstance(value, float):
        raise invalid(
            f"Expected a quoted string value for {name} (e.g. 'my-value'). "
            f"Got value {shown(value)}."
        )
    if clause.comparison in PATTERNS and len(str(value)) > MAX_PATTERN:
        raise invalid(f"The pattern for {name} has more than {MAX_PATTERN} characters.")


def sort_keys(
    entries: Iterable[str],
    meaning: Callable[[Identifier], K],
    *,
    hint: str,
    may_repeat: bool = False,
) -> list[tuple[K, bool]]:
    """Return what entries of `order_by` sort by, each once, and whether it descends.

    Args:
        entries: Of `order_by`.
        meaning: Returns what a name means, or refuses it.
        hint: What can be sorted by.
        may_repeat: Pass over what is there already, as MLflow's own server does for experiments.

    Raises:
        InvalidError: `InvalidOrder`, or what `meaning` raises.
    """
    keys: dict[K, bool] = {}
    for place, entry in enumerate(entries):
        if place == MAX_ORDER:
            words = f"`order_by` has more than {MAX_ORDER} entries."
            raise invalid_order(words, hint=hint)
        identifier, descends = order_of(entry)
        key = meaning(identifier)
        if key in keys and not may_repeat:
            words = f"`order_by` contains duplicate fields: {shown(entry)}."
            raise invalid_order(words, hint=hint)
        keys.setdefault(key, descends)
    return list(keys.items())


def shown_name(identifier: Identifier) -> str:
    """Return a name as it is shown in messages."""
    return shown(".".join(filter(None, identifier)))
