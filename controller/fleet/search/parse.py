"""Reads a filter.

    filter = [ any ]
    any    = all { "or" all }
    all    = unit { ["and"] unit }
    unit   = ("-" | "not") unit | "(" any ")" | term
    term   = field sign value { "," value } | text
    sign   = ":" | "=" | "<" | "<=" | ">" | ">="
    text   = word | quoted                 value = word | quoted
    quoted = '"' any characters, \\" and \\\\ '"'

`role:kiosk,display online:no site:genteng* (rssi<-75 or backlog>100) -tag:baru seen>2h "loket 1"`
"""

import re
import unicodedata
from collections.abc import Callable, Mapping

from controller.fleet.search.fields import FIELDS, Field, Kind
from controller.fleet.search.terms import EVERYTHING, UNITS, And, Node, Not, Or, Term, Text, Value
from controller.web.i18n import N_, translate

LONGEST = 1000  # characters of a filter
DEEPEST = 12  # parentheses and negations within each other
MOST = 50  # terms
STARS = 4  # in one value: what a database must try grows with each
LARGEST = 2**53  # of a number
LONGEST_WORD = 64

_SPACE = re.compile(r"\s*")
_FIELD = re.compile(r"([A-Za-z_][A-Za-z0-9_]*)(<=|>=|[:=<>])")
_QUOTED = re.compile(r'"((?:[^"\\]|\\["\\])*)"')
_BARE = re.compile(r'[^\s()"]+')
_BARE_VALUE = re.compile(r'[^\s()",]+')
_KEYWORD = re.compile(r"(and|or|not)(?=[\s()\"]|$)", re.IGNORECASE)
_VERSION = re.compile(r"[0-9]{1,3}(\.[0-9]{1,3}){0,2}")
_SPAN = re.compile(r"([0-9]{1,12})([wdhms])")
_YES, _NO = ("yes", "ya", "true"), ("no", "tidak", "false")
_VALUES = {
    Kind.WORD: N_("a word, with * for any characters"),
    Kind.CHOICE: N_("one of: {allowed}"),
    Kind.FLAG: N_("yes or no"),
    Kind.NUMBER: N_("a whole number"),
    Kind.SPAN: N_("a time such as 90s, 15m, 2h, 3d or 1w"),
    Kind.AGE: N_("a time such as 90s, 15m, 2h, 3d or 1w"),
    Kind.VERSION: N_("a version such as 1, 1.2 or 1.2.3"),
}


class FilterError(Exception):
    """A filter cannot be understood.

    Args:
        text: what is wrong, for the catalogue, with names in braces.
        at, length: where it is, characters from 0.
        fields: what goes into the braces; those in `words` are for the catalogue too.
        allowed: what could stand there.
    """

    def __init__(
        self, text: str, at: int, length: int = 1, allowed: tuple[str, ...] = (), words: str = "", **fields: str
    ) -> None:
        super().__init__(text)
        self.at, self.length, self.allowed = at, max(1, length), allowed
        self._text, self._words, self._fields = text, words, fields

    def said(self, lang: str) -> str:
        """Return what is wrong and where, in a language."""
        fields: Mapping[str, str] = {**self._fields, "allowed": ", ".join(self.allowed)}
        needed = translate(self._words, lang).format(**fields)
        what = translate(self._text, lang).format(**fields, needed=needed)
        return translate(N_("Character {number}: {what}"), lang).format(number=self.at + 1, what=what)


def parse(text: str) -> Node:
    """Return what a filter says. Raises FilterError."""
    return _Reader(text).whole()


class _Reader:
    """One filter, read from its beginning. `at`: how far."""

    def __init__(self, text: str) -> None:
        if len(text) > LONGEST:
            raise FilterError(N_("the filter is longer than {most} characters"), LONGEST, most=str(LONGEST))
        for at, letter in enumerate(text):
            if unicodedata.category(letter) in ("Cc", "Cs") and not letter.isspace():
                raise FilterError(N_("this character cannot be in a filter"), at)
        self._text, self._at, self._depth, self._terms = text, 0, 0, 0

    def whole(self) -> Node:
        self._skip()
        if self._ends():
            return EVERYTHING
        found = self._any()
        if not self._ends():
            raise FilterError(N_("this parenthesis closes nothing"), self._at)
        return found

    def _any(self) -> Node:
        parts = [self._all()]
        while self._keyword("or"):
            parts.append(self._all())
        flat = [one for part in parts for one in (part.parts if isinstance(part, Or) else (part,))]
        return flat[0] if len(flat) == 1 else Or(tuple(flat))

    def _all(self) -> Node:
        parts = [self._unit()]
        while not self._ends() and self._text[self._at] != ")" and not self._is_keyword("or"):
            self._keyword("and")
            parts.append(self._unit())
        flat = [one for part in parts for one in (part.parts if isinstance(part, And) else (part,))]
        return flat[0] if len(flat) == 1 else And(tuple(flat))

    def _unit(self) -> Node:
        self._skip()
        if self._ends() or self._text[self._at] == ")" or self._is_keyword("or") or self._is_keyword("and"):
            raise FilterError(N_("something is missing here: a field, a word or a parenthesis"), self._at)
        began = self._at
        if self._text[self._at] == "-":
            self._at += 1
            return self._within(began, lambda: Not(self._unit()))
        if self._keyword("not"):
            return self._within(began, lambda: Not(self._unit()))
        if self._text[self._at] == "(":
            self._at += 1
            return self._within(began, self._parenthesis)
        self._terms += 1
        if self._terms > MOST:
            raise FilterError(N_("the filter has more than {most} terms"), began, most=str(MOST))
        return self._term()

    def _within(self, began: int, read: Callable[[], Node]) -> Node:
        self._depth += 1
        if self._depth > DEEPEST:
            raise FilterError(N_("this is nested too deeply"), began)
        found = read()
        self._depth -= 1
        return found

    def _parenthesis(self) -> Node:
        began = self._at - 1
        found = self._any()
        if self._ends():
            raise FilterError(N_("this parenthesis is not closed"), began)
        self._at += 1
        self._skip()
        return found

    def _term(self) -> Node:
        found = _FIELD.match(self._text, self._at)
        if found is None:
            began = self._at
            words = self._word(_BARE)
            if not words.strip():
                raise FilterError(N_("between the quotes there is nothing to look for"), began, 2)
            return Text(words)
        name, op = found[1].lower(), found[2]
        field = FIELDS.get(name)
        if field is None:
            text = N_("there is no field {name}; there are: {allowed}. A text with a colon goes between quotes")
            raise FilterError(text, self._at, len(name), tuple(FIELDS), name=found[1])
        if op not in field.ops:
            text = N_("after {name} goes one of: {allowed}")
            raise FilterError(text, self._at + len(name), len(op), field.ops, name=name)
        self._at = found.end()
        op = ":" if op == "=" else op
        values = [self._value(field)]
        while self._text[self._at : self._at + 1] == ",":
            if op != ":":
                raise FilterError(N_("several values go after a colon only"), self._at)
            self._at += 1
            values.append(self._value(field))
        self._skip()
        return Term(name, op, tuple(values))

    def _value(self, field: Field) -> Value:
        began = self._at
        word = self._word(_BARE_VALUE, skip=False)
        quoted = self._text[began : began + 1] == '"'
        value = _read(field, word, quoted)
        if value is None:
            text = N_("{name} needs {needed}")
            length = self._at - began
            raise FilterError(text, began, length, field.allowed, _VALUES[field.kind], name=field.name)
        return value

    def _word(self, bare: re.Pattern[str], skip: bool = True) -> str:
        """Take a word or what stands between quotes; "" where there is none."""
        if self._text[self._at : self._at + 1] == '"':
            found = _QUOTED.match(self._text, self._at)
            if found is None:
                raise FilterError(N_('these quotes are not closed; before a " within them goes a \\'), self._at)
            word = re.sub(r"\\(.)", r"\1", found[1])
        else:
            found = bare.match(self._text, self._at)
            word = found[0] if found else ""
        if len(word) > LONGEST_WORD:
            raise FilterError(N_("this is too long to be looked for"), self._at, len(word))
        if found is not None:
            self._at = found.end()
        if skip:
            self._skip()
        return word

    def _is_keyword(self, word: str) -> bool:
        found = _KEYWORD.match(self._text, self._at)
        return found is not None and found[1].lower() == word

    def _keyword(self, word: str) -> bool:
        if not self._is_keyword(word):
            return False
        self._at += len(word)
        self._skip()
        return True

    def _skip(self) -> None:
        found = _SPACE.match(self._text, self._at)
        assert found is not None
        self._at = found.end()

    def _ends(self) -> bool:
        return self._at >= len(self._text)


def _read(field: Field, word: str, quoted: bool) -> Value | None:
    """Return a value of a field, None where the word is none."""
    low = word.lower()
    match field.kind:
        case Kind.WORD:
            return word if (word or quoted) and word.count("*") <= STARS else None
        case Kind.CHOICE:
            return low if low in field.allowed else None
        case Kind.FLAG:
            return low in _YES if low in (*_YES, *_NO) else None
        case Kind.NUMBER:
            found = re.fullmatch(r"[+-]?[0-9]{1,16}", word)
            return int(word) if found and abs(int(word)) <= LARGEST else None
        case Kind.VERSION:
            return tuple(map(int, word.split("."))) if _VERSION.fullmatch(word) else None
        case Kind.SPAN | Kind.AGE:
            span = _SPAN.fullmatch(low)
            seconds = int(span[1]) * UNITS[span[2]] if span else LARGEST
            return seconds if seconds < LARGEST // 1000 else None
