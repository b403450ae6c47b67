"""The colours of the staff pages: those of the hall's pages, and readable in both lights."""

import re
from itertools import product
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[4]
SHELL = (ROOT / "controller" / "web" / "www" / "shell.css").read_text()
HALL = (ROOT / "firmware" / "www" / "hall.css").read_text()
AA = 4.5  # WCAG 2.2, 1.4.3
WORDS = ("ink", "soft", "accent", "warn", "bad", "good")


def colours(css: str) -> list[dict[str, str]]:
    """The named colours of each block that has all of them: light first, then dark."""
    blocks = (dict(re.findall(r"--([\w-]+): (#[0-9a-f]{6})", block)) for block in re.split(r"\}", css))
    return [one for one in blocks if "ink" in one]


def luminance(colour: str) -> float:
    """The relative luminance of a colour (WCAG 2.2)."""
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    red, green, blue = (one / 12.92 if one <= 0.04045 else ((one + 0.055) / 1.055) ** 2.4 for one in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    """How far two colours are apart (WCAG 2.2)."""
    high, low = sorted((luminance(one), luminance(other)), reverse=True)
    return (high + 0.05) / (low + 0.05)


def test_there_is_one_palette_in_the_house():
    assert colours(SHELL) == colours(HALL)
    assert len(colours(SHELL)) == 2


@pytest.mark.parametrize("light", [0, 1], ids=["light", "dark"])
def test_words_are_readable_on_what_they_stand_on(light):
    palette = colours(SHELL)[light]
    for word, ground in product(WORDS, ("paper", "card")):
        assert contrast(palette[word], palette[ground]) >= AA, (word, ground)
    assert contrast(palette["on-accent"], palette["accent"]) >= AA
