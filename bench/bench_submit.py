"""From `submit` to the first line of the script on the screen, against plain `python script.py`.

The environment is warm: it was built by a run before. Ours is timed inside the submitting program,
from the call of `submit` to the moment in which the line is printed by `wait_for_completion`.
"""

import io
import subprocess
import sys
import tempfile
import time
from contextlib import redirect_stdout
from pathlib import Path

from azureml.core import Environment, Experiment, ScriptRunConfig, Workspace
from azureml.core.conda_dependencies import CondaDependencies
from figures import Figure, alternate
from home import fresh_home

ROUNDS = 9
LINE = "the first line"


class Watch(io.StringIO):
    """Takes the moment in which the line is written."""

    seen: float | None = None

    def write(self, text: str) -> int:
        """Look for the line."""
        if self.seen is None and LINE in text:
            self.seen = time.perf_counter()
        return len(text)


def main() -> list[str]:
    """Return the lines of the report."""
    with fresh_home(), tempfile.TemporaryDirectory() as folder:
        script = Path(folder) / "script.py"
        script.write_text(f"print({LINE!r})\n")
        workspace = Workspace.create(
            "bench", subscription_id="local", resource_group="local", exist_ok=True
        )
        environment = Environment("bench")
        environment.python.conda_dependencies = CondaDependencies.create(
            pip_packages=["azureml-defaults"]
        )
        config = ScriptRunConfig(folder, script="script.py", environment=environment)
        experiment = Experiment(workspace, "submit")
        experiment.submit(config).wait_for_completion(show_output=False)

        def submitted() -> float:
            watch = Watch()
            began = time.perf_counter()
            with redirect_stdout(watch):
                experiment.submit(config).wait_for_completion(show_output=True)
            if watch.seen is None:
                raise SystemExit("the line never came")
            return watch.seen - began

        def plain() -> float:
            began = time.perf_counter()
            process = subprocess.Popen(
                [sys.executable, str(script)], stdout=subprocess.PIPE, text=True
            )
            assert process.stdout is not None  # noqa: S101 - it was asked for
            process.stdout.readline()
            took = time.perf_counter() - began
            process.communicate()
            return took

        figures = alternate(ROUNDS, "s", {"submitted": submitted, "plain": plain})
    ours, theirs = figures["submitted"], figures["plain"]
    pairs = zip(ours.values, theirs.values, strict=True)
    more = Figure("more", "s", [our - their for our, their in pairs])
    return [
        "| | to the first line |",
        "|---|---|",
        f"| `submit`, warm environment | {ours} |",
        f"| `python script.py` | {theirs} |",
        "",
        f"A submitted run takes {more} more.",
    ]


if __name__ == "__main__":
    print("\n".join(main()))
