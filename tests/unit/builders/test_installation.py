from zaffre.adapters.builders.installation import is_decided
from zaffre.adapters.builders.plan import Attempt, Plan
from zaffre.adapters.builders.process import Ended

BEFORE = Attempt(("a==1",), "what it held", takes_sources=True)
PREFERRED = Attempt(("a==1",), "those of the submitting program")
ASKED = Attempt((), "what is asked for")
PLAN = Plan(("a",), (), (BEFORE, PREFERRED, ASKED), (), ())
BROKEN = Ended(1, ["Failed to build `a==1`"])


def test_what_an_environment_held_never_keeps_it_from_being_built():
    assert not is_decided(PLAN, BEFORE, BROKEN)
    assert is_decided(PLAN, BEFORE, Ended(0, []))
    assert is_decided(PLAN, PREFERRED, BROKEN)
    assert is_decided(PLAN, ASKED, Ended(1, ["No solution found"]))
