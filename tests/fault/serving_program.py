"""A server in miniature: it starts a replica, says so, and waits to be killed."""

import asyncio
import os
import sys
from pathlib import Path

from zaffre.adapters.replicas.process import ProcessReplicas
from zaffre.ports.replicas import ReplicaOrder


async def main(folder: Path) -> None:
    order = ReplicaOrder(
        endpoint_id="e",
        python=sys.executable,
        folder=folder,
        entry_script="score.py",
        model_dir=str(folder / "azureml-models"),
        log=lambda _: None,
    )
    replica = await ProcessReplicas(environment=os.environ).start(order)
    call = asyncio.create_task(replica.score("POST", "/score", [], b"hang"))
    print("ready", flush=True)  # noqa: T201
    await call


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1])))
