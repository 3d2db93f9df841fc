"""What tables and sets of files have in common: some of their members are chosen."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from azureml.data._expressions import condition_of
from azureml.data._steps import count_of, seed_of, share_of
from azureml.data.abstract_dataset import AbstractDataset
from zaffre_sdk.wire.datasets import Filter, Sample, Skip, Split, Take

if TYPE_CHECKING:
    from typing import Self  # newer than the oldest Python that this runs on


class ChosenDataset(AbstractDataset):
    """A dataset of records, or of files, some of which can be chosen."""

    def take(self, count: int) -> Self:
        """Keep the first records, or files."""
        return self._then(Take(count_of(count)))

    def skip(self, count: int) -> Self:
        """Leave the first records, or files, out."""
        return self._then(Skip(count_of(count)))

    def take_sample(self, probability: float, seed: int | None = None) -> Self:
        """Keep each record, or file, with a probability; the same seed keeps the same ones."""
        return self._then(Sample(share_of(probability, "probability"), seed_of(seed)))

    def random_split(self, percentage: float, seed: int | None = None) -> tuple[Self, Self]:
        """Return two datasets that divide the records, or files, by chance.

        Args:
            percentage: Of the first one, between 0 and 1.
            seed: The same one divides in the same way.
        """
        share, chance = share_of(percentage, "percentage"), seed_of(seed)
        return (
            self._then(Split(share, chance, first=True)),
            self._then(Split(share, chance, first=False)),
        )

    def filter(self, expression: Any) -> Self:
        """Keep what meets a condition.

        Args:
            expression: Of records over their columns, such as `dataset["age"] > 30`; of files
                over `partition_keys` or `file_metadata`.
        """
        return self._then(Filter(condition_of(expression)))
