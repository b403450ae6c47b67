"""The words of configurations: what may be configured, where values come from, what is wrong with one."""

from collections.abc import Callable

from controller.fleet.configuration.document import LONGEST
from controller.fleet.configuration.layers import MISSING
from controller.fleet.configuration.service import Key
from controller.fleet.pages.words import KINDS
from controller.web.i18n import N_

NAMES = {
    "lang": (N_("Language"), N_("of screens, tickets and voice")),
    "share": (N_("Share of priority"), N_("of so many calls in a row one goes to who has no priority")),
    "paper": (N_("Tickets"), N_("whether the kiosk prints them")),
    "services": (N_("Services"), N_("what citizens choose at the kiosk; the list is one value")),
    "counters": (N_("Counters"), N_("where they are called to; the list is one value")),
    "brightness": (N_("Brightness"), N_("of displays, 0 to 7")),
    "volume": (N_("Volume"), N_("of displays, 0 to 30")),
    "shown": (N_("Time on the screen"), N_("of a call, 1 to 30 seconds")),
}
FIELDS = {
    "id": N_("Id"),
    "letter": N_("Letter"),
    "name": N_("Name"),
    "need": N_("What to bring"),
    "mins": N_("Minutes"),
    "services": N_("Serves"),
}
LANGS = {"id": "Bahasa Indonesia", "en": "English"}
PAPERS = {"1": N_("on paper"), "0": N_("without paper")}
AS_MADE = N_("as the part was made")
FILL_IN = N_("Fill this in")
SAID = {  # what pydantic says -> what we say; what is in braces it tells too
    "missing": FILL_IN,
    "literal_error": N_("Choose one of those that there are"),
    "greater_than_equal": N_("At least {ge}"),
    "less_than_equal": N_("At most {le}"),
    "string_too_long": N_("At most {max_length} characters"),
    "too_short": N_("At least {min_length} of them"),
    "too_long": N_("At most {max_length} of them"),
    "extra_forbidden": N_("There is no such value in this layer"),
    "int_type": N_("A whole number"),
    "int_parsing": N_("A whole number"),
    "int_from_float": N_("A whole number"),
    "value_error": N_("A whole number"),
}
PATTERNS = {
    "id": N_("Only a-z, 0-9 and -, at most 32 of them"),
    "letter": N_("One or two capital letters"),
}
OTHERWISE = N_("Not as it has to be")
TEXT = N_("No space at its ends, and never two together")
REFUSALS = {  # what is said of a whole configuration, which is told to programs too
    "Field required": N_("has to be set in some layer"),
    "services share an id": N_("two services share an id"),
    "services share a letter": N_("two services share a letter"),
    "counters share an id": N_("two counters share an id"),
    f"the configuration is larger than {LONGEST} bytes": N_(
        "the configuration would be too large for a device: shorten texts"
    ),
}

Say = Callable[[str], str]


def origin(name: str, say: Say) -> str:
    """Return how a layer is called where a value comes from it."""
    level, _, rest = name.partition("/")
    if level == "kind":
        return say(KINDS[rest])
    titles = {
        "defaults": N_("Default"),
        "fleet": N_("Whole fleet"),
        "site": N_("This hall"),
        "position": N_("This position"),
    }
    return say(titles.get(level, AS_MADE))


def title(key: Key, name: str, say: Say) -> str:
    """Return how a layer is called; `name`: of its hall or position."""
    if key.level == "kind":
        return say(KINDS[key.name])
    return name or say(N_("Whole fleet"))


def address(key: str) -> str:
    """Return where a layer is edited."""
    return f"/fleet/configuration/{key}"


def value(name: str, one: object, say: Say) -> str:
    """Return a value in one line, as people read it."""
    if one is MISSING:
        return "–"
    if one is None:
        return say(AS_MADE)
    if name == "lang":
        return LANGS.get(str(one), str(one))
    if name == "paper":
        return say(PAPERS.get(str(one), str(one)))
    if isinstance(one, list):
        return " · ".join(item(each) for each in one) or say(N_("none"))
    return f"{one} s" if name == "shown" else str(one)


def item(one: object) -> str:
    """Return a service or a counter in one line."""
    if not isinstance(one, dict):
        return str(one)
    serves = one.get("services")
    parts = [
        f"{one.get('letter', '')} {one.get('name', '')}".strip() + f" ({one.get('id', '')})",
        str(one.get("need") or ""),
        f"{one['mins']} min" if one.get("mins") is not None and "letter" in one else "",
        ", ".join(map(str, serves)) if isinstance(serves, list) else "",
    ]
    return ", ".join(part for part in parts if part)


def changes(path: str, before: object, after: object, say: Say) -> list[tuple[str, str, str]]:
    """Return what is another in a value: what it is of, what was, what is; of lists, the items that differ."""
    name = path.lstrip("/")
    label = say(NAMES[name][0]) if name in NAMES else name
    if not (isinstance(before, list) and isinstance(after, list)):
        return [(label, value(name, before, say), value(name, after, say))]
    old, new = ({_id(one): item(one) for one in each} for each in (before, after))
    found = [
        (f"{label}: {id_}", old.get(id_, "–"), new.get(id_, "–"))
        for id_ in [*old, *(id_ for id_ in new if id_ not in old)]
        if old.get(id_) != new.get(id_)
    ]
    ids = [id_ for id_ in old if id_ in new], [id_ for id_ in new if id_ in old]
    if ids[0] != ids[1]:
        order = say(N_("order"))
        found.append((f"{label}: {order}", ", ".join(ids[0]), ", ".join(ids[1])))
    return found or [(label, value(name, before, say), value(name, after, say))]


def refusal(why: str, say: Say) -> str:
    """Return why a configuration would be broken."""
    where, colon, text = why.partition(": ")
    if not colon:
        return say(REFUSALS.get(why, why))
    label = say(NAMES[where][0]) if where in NAMES else where
    return f"{label}: {say(REFUSALS.get(text, text))}"


def _id(one: object) -> str:
    return str(one.get("id", "")) if isinstance(one, dict) else str(one)
