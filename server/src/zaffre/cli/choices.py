"""What `zaffre up` can be asked for."""

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True, kw_only=True)
class Choices:
    """The options of `up`, besides the home."""

    host: str
    port: int | None
    public_url: str | None
    allowed_host: tuple[str, ...]
    behind_proxy: bool
    local_slots: int
    max_nodes: int | None = None
    lost_after: int
    base_image: str = ""
    conda: str = "auto"
    prune_after: float = 30 * 86_400.0
    prune_above: float = 100_000_000_000
    data_root: tuple[tuple[str, Path], ...] = ()

    def arguments(self) -> list[str]:
        """Return the same choices for the server in the background."""
        chosen = [f"--host={self.host}", f"--local-slots={self.local_slots}"]
        chosen += [f"--lost-after={self.lost_after}"]
        chosen += [f"--max-nodes={self.max_nodes}"] if self.max_nodes is not None else []
        chosen += [f"--port={self.port}"] if self.port is not None else []
        chosen += [f"--public-url={self.public_url}"] if self.public_url else []
        chosen += [f"--allowed-host={name}" for name in self.allowed_host]
        chosen += [f"--base-image={self.base_image}"] if self.base_image else []
        chosen += [f"--conda={self.conda}"]
        chosen += [
            f"--prune-after={self.prune_after:.0f}s",
            f"--prune-above={self.prune_above:.0f}",
        ]
        chosen += [f"--data-root={label}={folder}" for label, folder in self.data_root]
        return chosen + (["--behind-proxy"] if self.behind_proxy else [])
