"""Which runs are asked for: what the server is asked, and what is looked at here."""

import pytest
from azureml.core._run_filters import Wanted, fits, label_filter
from azureml.exceptions import UserErrorException


@pytest.mark.parametrize(
    ("tags", "asked"),
    [
        ("a", "a"),
        (["a", "b"], "a,b"),
        (["a", ["b", 2]], "a,b=2"),
        ({"a": 1, "b": None}, "a=1,b"),
        ({"a": "x,y"}, "a"),
        ({"a=b": "1", "c,d": "1"}, None),
        (None, None),
    ],
)
def test_the_server_is_asked_for_what_its_words_can_say(tags, asked):
    assert Wanted(tags=tags).query.get("tag") == asked
    assert Wanted(properties=tags).query.get("property") == asked


def test_several_states_add_up():
    assert Wanted(status=["Running", "Queued"]).query == {"state": "Running,Queued"}


def test_what_cannot_be_asked_is_looked_at_here():
    labels = {"a": "x,y", "a=b": "1"}
    assert fits(labels, label_filter({"a": "x,y", "a=b": "1"}, "tags"))
    assert not fits(labels, label_filter({"a": "x,z"}, "tags"))
    assert not fits(labels, label_filter(["c"], "tags"))


def test_other_things_are_refused_by_name():
    with pytest.raises(UserErrorException, match="`tags` must be a key"):
        Wanted(tags=3)
