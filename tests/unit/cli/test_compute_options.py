"""What a compute target can be asked for on the command line."""

from pathlib import Path

import click
import pytest
from click.testing import CliRunner
from zaffre.cli.compute_options import limits_of, scale_of, secrets_of, settings_of
from zaffre.cli.main import main
from zaffre_sdk.wire.computes import ComputeLimits, Scale

NOTHING = dict.fromkeys(
    ("min_nodes", "max_nodes", "idle_seconds", "max_queued", "max_running_per_user")
) | {"max_run_seconds": None}


def test_what_is_not_said_stays() -> None:
    assert scale_of(NOTHING) is None
    assert limits_of(NOTHING, ComputeLimits(max_queued=3)) is None
    present = Scale(min_nodes=1, max_nodes=4, idle_seconds=60)
    assert scale_of({**NOTHING, "max_nodes": 2}, present) == Scale(
        min_nodes=1, max_nodes=2, idle_seconds=60
    )


def test_a_limit_of_nothing_is_none() -> None:
    present = ComputeLimits(max_queued=3, max_run_seconds=60)
    assert limits_of({**NOTHING, "max_queued": 0}, present) == ComputeLimits(max_run_seconds=60)


def test_settings_are_numbers_where_they_look_like_it() -> None:
    given = [("port", "22"), ("address", "gpu1"), ("pinned", "true"), ("host", "10.0.0.1")]
    assert settings_of(given) == {
        "port": 22,
        "address": "gpu1",
        "pinned": True,
        "host": "10.0.0.1",
    }


def test_secrets_come_from_files(tmp_path: Path) -> None:
    key = "-----BEGIN KEY-----\nx\n-----END KEY-----\n"
    (tmp_path / "key").write_text(key)
    (tmp_path / "password").write_text("correct horse\n")
    found = secrets_of(
        [("private_key", str(tmp_path / "key")), ("password", str(tmp_path / "password"))]
    )
    assert found == {"private_key": key, "password": "correct horse"}
    with pytest.raises(click.ClickException, match="cannot be read"):
        secrets_of([("password", str(tmp_path / "none"))])


@pytest.mark.parametrize("arguments", [["--tag", "x"], ["--max-nodes", "-1"], ["--kind", "moon"]])
def test_what_cannot_be_is_refused_before_anything_is_asked(
    tmp_path: Path, arguments: list[str]
) -> None:
    home = tmp_path / "home"
    done = CliRunner().invoke(main, ["compute", "create", "x", "--home", str(home), *arguments])
    assert done.exit_code == 2
    assert not home.exists()
