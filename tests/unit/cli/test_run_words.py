"""Runs in words."""

import pytest
from zaffre.cli.run_words import run_line, run_lines
from zaffre.cli.telling import tell
from zaffre_sdk.wire.runs import RunError, RunOut, RunSpec


def known(kind: str) -> RunOut:
    return RunOut(
        id="r-1",
        workspace_id="w",
        experiment="exp",
        experiment_id="e",
        parent_id=None,
        number=1,
        spec=RunSpec(kind=kind, compute="cpu"),
        state="Failed",
        display_name="mine",
        description="",
        tags={},
        properties={},
        error=RunError(code="ScriptFailed", message="\x1b]0;owned\a\nover"),
        attempt=1,
        created_by="ada",
        created_at=1e9,
        started_at=None,
        ended_at=None,
    )


def test_a_run_of_a_program_has_no_target():
    assert run_line(known("script")) == f"{'r-1':<48} Failed           {'cpu':<20} mine"
    assert run_line(known("interactive")) == f"{'r-1':<48} Failed           {'':<20} mine"
    assert "Target" in dict(run_lines(known("script")))
    assert "Target" not in dict(run_lines(known("interactive")))


def test_what_a_run_says_does_nothing_to_the_terminal(capsys: pytest.CaptureFixture[str]):
    tell(run_lines(known("script")))
    said = capsys.readouterr().out
    assert r"Error        ScriptFailed: \x1b]0;owned\x07\nover" in said
    assert "Created      2001-09-09 01:46:40 UTC by ada\n" in said
