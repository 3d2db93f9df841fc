"""Following a run, told by a server that is scripted."""

from types import SimpleNamespace

import pytest
from zaffre_sdk.client.logs import LogPart
from zaffre_sdk.tracking.watching import BUILD_LOG, follow, main_log


class Server:
    """Answers with one state after the other; each has logs that grow."""

    def __init__(self, *states):
        self._states = list(states)
        self._now = self._states.pop(0)
        self._texts = {}
        self._begin()

    def get(self, run_id):
        return SimpleNamespace(
            id=run_id,
            state=self._now["state"],
            attempt=self._now.get("attempt", 1),
            waits_for=self._now.get("waits_for"),
        )

    def wait(self, run_id, **_):
        self._next()
        return self.get(run_id)

    def list(self, _):
        return [SimpleNamespace(path=path) for path in self._texts]

    def read(self, _, path, *, offset=0, wait=0.0):
        data = self._texts.get(path, b"")[offset:]
        if wait and not data:
            self._next()
        return LogPart(data=data, size=offset + len(data), state=self._now["state"])

    def _next(self):
        if self._states:
            self._now = self._states.pop(0)
            self._begin()

    def _begin(self):
        for path, text in self._now.get("logs", {}).items():
            self._texts[path] = self._texts.get(path, b"") + text.encode()


@pytest.fixture
def followed():
    """Follows a run through states and returns what was written."""

    def run(*states):
        server, written = Server(*states), []
        ended = follow(server, server, "r", write=written.append)
        assert ended.state == states[-1]["state"]
        return "".join(written)

    return run


def test_why_a_run_waits_is_said_once_for_each_reason(followed):
    text = followed(
        {"state": "Queued", "waits_for": "two runs are ahead"},
        {"state": "Queued", "waits_for": "two runs are ahead"},
        {"state": "Queued", "waits_for": "it is the next one"},
        {"state": "Preparing", "logs": {BUILD_LOG: "built\n"}},
        {"state": "Running", "logs": {"user_logs/std_log.txt": "hello\n"}},
        {"state": "Completed"},
    )
    assert text.count("Queued: two runs are ahead\n") == 1
    assert text.index("it is the next one") < text.index("built") < text.index("hello")


def test_the_first_of_several_processes_is_shown(followed):
    text = followed(
        {"state": "Queued"},
        {
            "state": "Running",
            "logs": {
                "user_logs/std_log_process_0.txt": "rank 0\n",
                "user_logs/std_log_process_1.txt": "rank 1\n",
            },
        },
        {"state": "Completed", "logs": {"user_logs/std_log_process_0.txt": "end\n"}},
    )
    assert "Streaming user_logs/std_log_process_0.txt" in text
    assert "rank 0\nend\n" in text
    assert "rank 1" not in text


def test_a_run_that_was_taken_away_is_followed_again(followed):
    text = followed(
        {"state": "Running", "logs": {"user_logs/std_log.txt": "first\n"}},
        {"state": "Queued", "waits_for": "a node was taken away"},
        {
            "state": "Running",
            "attempt": 2,
            "logs": {"user_logs/retry_1/std_log.txt": "second\n"},
        },
        {"state": "Completed"},
    )
    assert text.index("first") < text.index("taken away") < text.index("second")


def test_the_main_log_is_the_newest():
    assert main_log([]) is None
    assert main_log(["system_logs/data.txt", "user_logs/std_log_process_1.txt"]) is None
    assert (
        main_log(
            [
                "user_logs/retry_2/std_log.txt",
                "user_logs/retry_10/std_log.txt",
                "user_logs/std_log.txt",
            ]
        )
        == "user_logs/retry_10/std_log.txt"
    )
