"""How long places elsewhere may be silent."""

from zaffre.adapters.launchers.elsewhere.patience import Patience


def test_patience_is_over_when_a_place_was_silent_all_the_time():
    now = [1000.0]
    patience = Patience(60.0, monotonic=lambda: now[0])
    assert not patience.is_over("a")
    now[0] += 59
    assert not patience.is_over("a")
    now[0] += 1
    assert patience.is_over("a")
    assert not patience.is_over("b")
    patience.begin_anew("a")
    assert not patience.is_over("a")


def test_a_silence_of_long_ago_is_not_counted():
    now = [1000.0]
    patience = Patience(600.0, monotonic=lambda: now[0])
    assert not patience.is_over("a")
    # Its runs were heard of again, so that nobody had to ask the place.
    now[0] += 7200
    assert not patience.is_over("a")
