"""Names in the paths of requests."""

import pytest
from zaffre_sdk.client.paths import quoted
from zaffre_sdk.errors import InvalidError


def test_a_name_is_one_segment_whatever_is_in_it():
    assert quoted("a/b c?ä%") == "a%2Fb%20c%3F%C3%A4%25"


@pytest.mark.parametrize("name", ["", ".", ".."])
def test_a_name_that_would_lead_elsewhere_is_refused(name):
    with pytest.raises(InvalidError, match="is no name"):
        quoted(name)
