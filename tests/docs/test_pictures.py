"""The pictures that technicians wire by show what the firmware expects."""

import importlib.util
from pathlib import Path

import pytest

from firmware.boards.wiring import WIRING

DOCS = Path(__file__).resolve().parents[2] / "docs"


def drawn(role: str) -> str:
    """Return the picture as it would be drawn now."""
    spec = importlib.util.spec_from_file_location("pictures", DOCS / "pictures.py")
    assert spec is not None
    assert spec.loader is not None
    pictures = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(pictures)
    made: str = pictures.picture(role)
    return made


@pytest.mark.parametrize("role", [role for role in WIRING if role != "sensor"])
def test_the_picture_of_a_role_is_that_of_its_wiring(role: str) -> None:
    assert (DOCS / "id" / "img" / f"wiring-{role}.svg").read_text() == drawn(role), "run `python docs/pictures.py`"
