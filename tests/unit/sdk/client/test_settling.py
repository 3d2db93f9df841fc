"""Waiting until something has come to rest."""

from zaffre_sdk.client.settling import settled


def test_looks_until_it_is_done():
    states = iter(["Creating", "Creating", "Succeeded", "unseen"])
    assert settled(lambda: next(states), lambda state: state == "Succeeded") == "Succeeded"
    assert next(states) == "unseen"


def test_gives_what_there_is_when_the_time_is_over():
    assert settled(lambda: "Creating", lambda _: False, seconds=0.0) == "Creating"
