"""What a runner says of the end of the user's process."""

import pytest
from zaffre_sdk.runner.command import command_of
from zaffre_sdk.runner.outcome import Ending, judge
from zaffre_sdk.wire.runs import RunSpec

TRACEBACK = 'Traceback (most recent call last):\n  File "train.py", line 1, in <module>\n'


def outcome(**ending: object):
    return judge(Ending(**ending), program="train.py", tail="the end")


def test_exit_code_zero_completes():
    assert outcome(exit_code=0) == ("Completed", 0, None)


def test_r08_an_exit_code_is_named_with_the_last_lines():
    state, code, error = outcome(exit_code=3)
    assert (state, code, error.code, error.details) == ("Failed", 3, "UserScriptFailed", "the end")
    assert "`train.py` failed with exit code 3" in error.message


@pytest.mark.parametrize(
    ("tail", "said"),
    [
        (f"{TRACEBACK}ValueError: no such luck\nin two lines", "1: ValueError: no such luck."),
        (f"{TRACEBACK}KeyError: 'a'\n\nthen\n\n{TRACEBACK}a.b.Odd", "1: a.b.Odd."),
        (f"{TRACEBACK}MemoryError", "1: MemoryError. It asked for more memory than there is."),
        ('  File "a.py", line 1\n    x y\nSyntaxError: invalid syntax', "1: SyntaxError: invalid"),
        ("no data\nError: none at all", "1. The last lines"),
        ("", "1. The last lines"),
    ],
)
def test_what_was_raised_is_said_at_once(tail, said):
    ended = judge(Ending(exit_code=1), program="train.py", tail=tail)
    assert f"`train.py` failed with exit code {said}" in ended.error.message


@pytest.mark.parametrize(
    ("code", "words"),
    [(-9, ["signal 9 (SIGKILL)", "memory"]), (-11, ["signal 11 (SIGSEGV)"]), (-200, ["200"])],
)
def test_r08_a_signal_is_named(code, words):
    message = outcome(exit_code=code).error.message
    assert all(word in message for word in words)


def test_a_canceled_process_is_canceled_whatever_it_returned():
    assert outcome(exit_code=0, canceled=True).state == "Canceled"
    assert outcome(exit_code=-15, canceled=True).state == "Canceled"


def test_r39_a_limit_is_named_and_how_to_raise_it():
    error = outcome(exit_code=-15, over_limit=60).error
    assert error.code == "MaxRunDurationExceeded"
    assert "60 seconds" in error.message
    assert "max_run_duration_seconds" in error.message


def test_a_script_runs_under_its_interpreter_and_a_command_as_it_is():
    script = RunSpec(kind="script", script="a.py", arguments=["--rate", "0.1"])
    assert command_of(script, "/env/python") == ["/env/python", "a.py", "--rate", "0.1"]
    assert command_of(RunSpec(kind="script", command=["make", "all"]), "p") == ["make", "all"]
