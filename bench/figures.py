"""Figures that can be trusted on a noisy machine: medians of rounds that alternate."""

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
    """Measure every subject once in each round, in turn, so that drift meets all alike."""
    values: dict[str, list[float]] = {name: [] for name in subjects}
    for _ in range(rounds):
        for name, measure in subjects.items():
            values[name].append(measure())
    return {name: Figure(name, unit, measured) for name, measured in values.items()}


def ratio(ours: Figure, theirs: Figure) -> float:
    """Return the median of the ratios theirs / ours, round by round."""
    return statistics.median(
        their / our for our, their in zip(ours.values, theirs.values, strict=True)
    )
