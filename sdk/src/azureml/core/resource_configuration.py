"""How much of a machine a model asks for."""

from __future__ import annotations

from typing import Any

from azureml.core._sections import Section

__all__ = ["ResourceConfiguration"]


class ResourceConfiguration(Section):
    """Cores, memory and graphics cards: kept as written."""

    def __init__(
        self,
        cpu: float | None = None,
        memory_in_gb: float | None = None,
        gpu: int | None = None,
    ) -> None:
        self.cpu, self.memory_in_gb, self.gpu = cpu, memory_in_gb, gpu

    def serialize(self) -> dict[str, Any]:
        """Return the settings under their names in files."""
        return self.to_dict()

    @staticmethod
    def deserialize(payload_obj: dict[str, Any] | None) -> ResourceConfiguration | None:
        """Return what `serialize` gave."""
        return None if payload_obj is None else ResourceConfiguration().update(payload_obj)
