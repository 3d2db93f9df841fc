import subprocess

import pytest
from azureml.core._command_words import command_words
from azureml.core._run_data import RunData


def words(command):
    return command_words(command, RunData())


def test_words_are_started_as_they_are():
    assert words(["python", "train.py", "--a", 1, "two words"]) == [
        "python",
        "train.py",
        "--a",
        "1",
        "two words",
    ]
    assert words(["run", "--data", "$AZUREML_DATAREFERENCE_d"])[0] == "run"
    assert words([]) == words("") == []


@pytest.mark.parametrize(
    ("command", "output"),
    [
        ("echo $RANK && echo done", "3\ndone\n"),
        (["echo", "$RANK", "&&", "echo", "done"], "3\ndone\n"),
        (["echo $RANK"], "3\n"),
        (["echo", "rank:$RANK", "it's"], "rank:3 it's\n"),
        (["echo", "$RANK", 'a "b" `c`'], '3 a "b" `c`\n'),
        (["echo", "$RANK", "*", ";", "echo", "${RANK}"], "3 *\n3\n"),
        (["echo", "a b", "|", "tr", "a", "c"], "c b\n"),
        (["sh", "-c", "echo $RANK"], "\n"),
    ],
)
def test_words_of_a_shell_go_to_one(command, output):
    started = words(command)
    assert started[:2] == ["/bin/sh", "-c"]
    environ = {"RANK": "3", "PATH": "/usr/bin:/bin"}
    done = subprocess.run(started, env=environ, capture_output=True, text=True, check=True)
    if output.strip():
        assert done.stdout == output
