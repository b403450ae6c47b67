"""What a feature says of a page of its own: where it is, what it is called, who may open it, and what builds it."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from controller.accounts.service import Who

if TYPE_CHECKING:
    from controller.web.shell.frame import Frame


@dataclass(frozen=True)
class Page:
    """One page.

    Args:
        path: below `/fleet`; may have names of things in braces, which `Frame.path` then has.
        title: in English, marked for the catalogue.
        build: draws it.
        role: the least with which one may open it and act in it; `{site}` in the path is asked for too.
        everywhere: whether it concerns the whole fleet: nobody who is bound to sites may open it.
        icon: of its entry in the navigation (a Material Icon), "" for a page without one.
        rank: entries of a higher one come later in the navigation, whichever feature is first.
        under: the path of the page whose entry is marked while this one is open.
    """

    path: str
    title: str
    build: "Callable[[Frame], Awaitable[None]]"
    role: str = "viewer"
    everywhere: bool = False
    icon: str = ""
    rank: int = 0
    under: str = ""

    def for_(self, who: Who, site: str | None = None) -> bool:
        """Whether somebody may open it."""
        return who.may(self.role, site) and (who.everywhere or not self.everywhere)


@dataclass(frozen=True)
class Panel:
    """What a feature hangs on the page of a feature before it: `build` draws it where the page at `path` calls
    `Frame.hang`."""

    path: str
    build: "Callable[[Frame], Awaitable[None]]"
