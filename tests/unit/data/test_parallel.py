"""The same work for many things."""

import threading
from concurrent.futures import Future

import pytest
from zaffre_sdk.parallel import parallel


def test_results_come_in_order():
    assert parallel(lambda n: n * 2, range(20)) == [n * 2 for n in range(20)]


def test_after_a_failure_nothing_more_is_begun_however_long_the_first_takes(monkeypatch):
    begun, canceled, over = [], [], threading.Event()
    cancel = Future.cancel

    def counted(future):
        canceled.append(cancel(future))
        if len(canceled) == 100:
            over.set()

    def work(n):
        begun.append(n)
        if n == 1:
            raise ValueError(n)
        assert over.wait(10)

    monkeypatch.setattr(Future, "cancel", counted)
    with pytest.raises(ValueError, match="1"):
        parallel(work, range(100))
    # One for each thread, and one more for that whose work failed.
    assert len(begun) <= 9
