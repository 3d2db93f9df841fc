"""The peer of `bench_runs.py` that runs the script as jobs of a Ray cluster."""

import subprocess
import sys
import time

from ray.job_submission import JobSubmissionClient

PORT = "28265"
ENDED = {"SUCCEEDED", "FAILED", "STOPPED"}


def main(script: str, slots: str) -> None:
    """Run as many jobs as each line says, and tell the seconds."""
    head = subprocess.Popen(
        [
            *("ray", "start", "--head", "--block", "--disable-usage-stats", "--num-cpus", slots),
            *("--node-ip-address", "127.0.0.1", "--port", "26379"),
            *("--dashboard-host", "127.0.0.1", "--dashboard-port", PORT),
        ],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        client = connected()
        print("bench: ready", flush=True)
        for line in sys.stdin:
            began = time.perf_counter()
            jobs = [
                client.submit_job(entrypoint=f"{sys.executable} {script}", entrypoint_num_cpus=1)
                for _ in range(int(line))
            ]
            for job in jobs:
                while client.get_job_status(job).value not in ENDED:
                    time.sleep(0.05)
            print(f"bench: {time.perf_counter() - began}", flush=True)
    finally:
        head.terminate()
        head.wait()


def connected() -> JobSubmissionClient:
    """Return a client once the cluster takes jobs."""
    deadline = time.monotonic() + 120
    while True:
        try:
            client = JobSubmissionClient(f"http://127.0.0.1:{PORT}")
            client.list_jobs()
        except Exception:
            # Whatever it is, it does not take jobs yet.
            if time.monotonic() > deadline:
                raise
            time.sleep(0.5)
        else:
            return client


if __name__ == "__main__":
    main(*sys.argv[1:])
