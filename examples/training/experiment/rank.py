"""One of several processes of a run: each adds up its share of the numbers below a million."""

import os

from azureml.core import Run

rank, world = int(os.environ["RANK"]), int(os.environ["WORLD_SIZE"])
share = sum(range(rank, 1_000_000, world))
print(f"rank {rank} of {world}, node {os.environ['NODE_RANK']}: {share}")
Run.get_context().log(f"share {rank}", share)
