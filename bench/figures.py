"""Figures that can be trusted on a noisy machine: medians of rounds that alternate."""

import random
import statistics
from collections.abc import Callable, Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Figure:
    """What one subject took, round by round."""

    subject: str
    unit: str
    values: Sequence[float]

    @property
    def median(self) -> float:
        """The middle of the rounds."""
        return statistics.median(self.values)

    def __str__(self) -> str:
        low, high = min(self.values), max(self.values)
        spread = f"{low:,.4g} to {high:,.4g}, {len(self.values)} rounds"
        return f"{self.median:,.4g} {self.unit} ({spread})"


def alternate(
    rounds: int, unit: str, subjects: dict[str, Callable[[], float]]
) -> dict[str, Figure]:
    """Measure every subject once in each round, so that drift meets all alike.

    Each round has an order of its own: what a subject leaves to the machine, such as memory that
    is still being given back, would slow down the same neighbour in every round.
    """
    values: dict[str, list[float]] = {name: [] for name in subjects}
    for number in range(rounds):
        for name in random.Random(number).sample(sorted(subjects), len(subjects)):  # noqa: S311 (an order)
            values[name].append(subjects[name]())
    return {name: Figure(name, unit, measured) for name, measured in values.items()}


def ratio(ours: Figure, theirs: Figure) -> float:
    """Return the median of the ratios theirs / ours, round by round."""
    return statistics.median(
        their / our for our, their in zip(ours.values, theirs.values, strict=True)
    )
