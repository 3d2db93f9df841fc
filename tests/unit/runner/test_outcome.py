"""What a runner says of the end of the user's process."""

import pytest
from zaffre_sdk.runner.command import command_of
from zaffre_sdk.runner.outcome import Ending, MemoryUse, TimeLimit, judge
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
    error = outcome(exit_code=-15, over_limit=TimeLimit(60)).error
    assert error.code == "MaxRunDurationExceeded"
    assert "60 seconds" in error.message
    assert "max_run_duration_seconds" in error.message


def test_a_script_runs_under_its_interpreter_and_a_command_as_it_is():
    script = RunSpec(kind="script", script="a.py", arguments=["--rate", "0.1"])
    assert command_of(script, "/env/python") == ["/env/python", "a.py", "--rate", "0.1"]
    assert command_of(RunSpec(kind="script", command=["make", "all"]), "p") == ["make", "all"]


def test_r39_memory_beyond_its_limit_is_named_with_the_peak():
    error = outcome(exit_code=-9, over_memory=MemoryUse(512, 530)).error
    assert error.code == "MemoryLimitExceeded"
    assert "limit of 512 MB" in error.message
    assert "530 MB were in use" in error.message
    assert "`vm_size`" in error.message


def test_r39_the_limit_of_a_target_is_raised_there():
    error = outcome(exit_code=-15, over_limit=TimeLimit(60, of_run=False)).error
    assert "compute target" in error.message
    assert "max_run_duration_seconds" not in error.message


def test_one_of_many_processes_is_named_with_its_log():
    ending = Ending(exit_code=2, process="process 1 on node `c-2`", log_path="user_logs/p1.txt")
    message = judge(ending, program="train.py", tail="").error.message
    assert "`train.py` (process 1 on node `c-2`) failed with exit code 2." in message
    assert "`user_logs/p1.txt`" in message


def test_what_a_rank_of_pytorch_raised_is_found():
    tail = "".join(f"[rank1]: {line}\n" for line in (*TRACEBACK.splitlines(), "KeyError: 'a'"))
    message = judge(Ending(exit_code=1), program="train.py", tail=tail).error.message
    assert "exit code 1: KeyError: 'a'." in message


def test_the_memory_of_a_killed_process_is_said():
    assert "(700 MB were seen in use)" in outcome(exit_code=-9, peak_mb=700).error.message


def test_details_are_the_last_lines_alone():
    tail = "\n".join(map(str, range(100)))
    details = judge(Ending(exit_code=1), program="train.py", tail=tail).error.details
    assert details.splitlines() == [str(number) for number in range(80, 100)]
