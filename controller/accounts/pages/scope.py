"""The scope of an account or a token, as people type and read it."""

from collections.abc import Sequence

from controller.accounts.scope import DISTRICT
from controller.web.shell.frame import Frame


def typed(value: object) -> list[str]:
    """Return the entries that were typed, with commas or spaces between."""
    return str(value or "").replace(",", " ").split()


def said(frame: Frame, entries: Sequence[str]) -> str:
    """Return a scope in words."""
    _ = frame.say
    if not entries:
        return _("everywhere")
    district = _("sub-district")
    words = (f"{district} {one.removeprefix(DISTRICT)}" if one.startswith(DISTRICT) else one for one in entries)
    return ", ".join(words)
