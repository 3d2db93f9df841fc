"""The peer of `bench_runs.py` that runs the script as flow runs of a Prefect process worker."""

import asyncio
import os
import subprocess
import sys
import time
from pathlib import Path
from urllib.parse import urlsplit

import httpx
from prefect import flow
from prefect.client.orchestration import get_client

URL = os.environ["PREFECT_API_URL"]
PORT = str(urlsplit(URL).port)
FLOW = """
import subprocess, sys
from prefect import flow

@flow(log_prints=False)
def work(script: str):
    subprocess.run([sys.executable, script], check=True)
"""


def main(script: str, slots: str) -> None:
    """Run as many flow runs as each line says, and tell the seconds."""
    Path("flow.py").write_text(FLOW)
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    server = subprocess.Popen(["prefect", "server", "start", "--port", PORT], **quiet)
    worker = None
    try:
        until_ready()
        subprocess.run(
            ["prefect", "work-pool", "create", "p", "--type", "process"], check=True, **quiet
        )
        worker = subprocess.Popen(
            [
                *("prefect", "worker", "start", "--pool", "p", "--limit", slots),
                *("--prefetch-seconds", "60"),
            ],
            **quiet,
        )
        deployment = deployed()
        print("bench: ready", flush=True)
        for line in sys.stdin:
            began = time.perf_counter()
            asyncio.run(ran(deployment, script, int(line)))
            print(f"bench: {time.perf_counter() - began}", flush=True)
    finally:
        for process in (worker, server):
            if process is not None:
                process.terminate()
                process.wait()


def until_ready() -> None:
    """Wait until the server answers."""
    deadline = time.monotonic() + 120
    while time.monotonic() < deadline:
        try:
            if httpx.get(f"{URL}/health").status_code == 200:
                return
        except httpx.HTTPError:
            time.sleep(0.5)
    raise SystemExit("Prefect's server does not answer")


def deployed() -> str:
    """Deploy the flow from its folder and return the id of the deployment."""
    found = flow.from_source(source=str(Path.cwd()), entrypoint="flow.py:work")
    return str(found.deploy(name="d", work_pool_name="p", print_next_steps=False))


async def ran(deployment: str, script: str, count: int) -> None:
    """Create the flow runs and wait for the last."""
    async with get_client() as client:
        runs = [
            await client.create_flow_run_from_deployment(deployment, parameters={"script": script})
            for _ in range(count)
        ]
        for run in runs:
            while True:
                state = (await client.read_flow_run(run.id)).state
                if state is not None and state.is_final():
                    if not state.is_completed():
                        raise SystemExit(f"{state}")
                    break
                await asyncio.sleep(0.05)


if __name__ == "__main__":
    main(*sys.argv[1:])
