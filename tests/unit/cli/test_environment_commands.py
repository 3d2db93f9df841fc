import time

import pytest
from click.testing import CliRunner
from zaffre.cli import environments
from zaffre_sdk.wire.environments import BuiltOut, PruneOut


def built(key: str, *, used: float = 0, by: tuple[str, ...] = ()) -> BuiltOut:
    now = time.time()
    return BuiltOut(
        key=key * 64,
        python="/e/bin/python",
        packages=["a==1", "b==2", "c==3", "d==4", "e==5"],
        size=1_500_000,
        built_at=now,
        used_at=now - used,
        in_use_by=list(by),
    )


class Server:
    """What a server answers, and what it was asked."""

    def __init__(self) -> None:
        self.asked: dict[str, object] = {}
        self.built_environments = self

    def list(self):
        return [built("a"), built("b", used=7200), built("c", used=90_000, by=("run r",))]

    def prune(self, **asked):
        self.asked = asked
        return PruneOut(removed=[built("b", used=120)], bytes_freed=1_500_000)


@pytest.fixture
def zaffre(monkeypatch):
    server = Server()
    monkeypatch.setattr(environments, "connected", lambda _home: server)

    def run(*arguments):
        return CliRunner().invoke(environments.command, arguments), server.asked

    return run


def test_what_lies_built_is_listed_with_who_uses_it(zaffre):
    done, _ = zaffre("list")
    first, second, third, together = done.output.splitlines()
    assert first.split()[:6] == ["a" * 12, "1.5", "MB", "used", "just", "now"]
    assert first.endswith("a==1, b==2, c==3, d==4 and 1 more")
    assert "used 2 hours ago" in second
    assert "in use by run r" in third
    assert together == "3 environments, 4.5 MB in all."


def test_times_and_sizes_have_units(zaffre):
    done, asked = zaffre("prune", "--unused-for", "12h", "--keep", "1.5GB", "--dry-run")
    assert done.output.splitlines()[-1] == "1 environment, 1.5 MB would be removed."
    assert asked == {"unused_seconds": 43_200.0, "keep_bytes": 1_500_000_000, "dry_run": True}
    done, asked = zaffre("prune")
    assert done.output.splitlines()[-1] == "1 environment, 1.5 MB removed."
    assert asked == {"unused_seconds": 2_592_000.0, "keep_bytes": None, "dry_run": False}


@pytest.mark.parametrize("arguments", [("--unused-for", "x"), ("--keep", "-1"), ("--keep", "5q")])
def test_other_words_are_refused(zaffre, arguments):
    done, _ = zaffre("prune", *arguments)
    assert done.exit_code == 2
    assert "such as" in done.output
