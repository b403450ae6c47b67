"""Two sub-districts with two halls each, whose devices have said something, and people bound to one of them."""

import pytest

from tests.controller.fleet.inventory.fleet import Fleet
from tests.controller.inside import Inside


@pytest.fixture(scope="module")
def fleet(inside: Inside) -> Fleet:
    """The fleet, furnished."""
    return Fleet(inside)
