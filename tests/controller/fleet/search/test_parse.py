"""The filter language: what is written can be read, what cannot be read is refused with a place and a reason."""

import re

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from controller.fleet.search.fields import FIELDS
from controller.fleet.search.parse import DEEPEST, LONGEST, MOST, FilterError, parse
from controller.fleet.search.terms import EVERYTHING, And, Not, Or, Term, Text, written
from tests.controller.fleet.search.filters import NODES

LANGUAGES = ("id", "en")
PIECES = ["role:", "kiosk", "-", "(", ")", '"', "or", "not", "and", " ", ",", ":", "<", ">=", "*", "\\", "5", "2h", "é"]


@given(NODES)
def test_what_is_written_is_read_as_the_same(node):
    text = written(node)
    if len(text) <= LONGEST:
        assert parse(text) == node


@given(st.lists(st.sampled_from([*PIECES, *FIELDS]), max_size=30).map("".join) | st.text(max_size=40))
@example("\ud800")
@example("\0")
@example("heap:99999999999999999999999")
def test_anything_is_read_or_refused_with_its_place_in_both_languages(text):
    error = refusal(text)
    if error is None:
        assert parse(written(parse(text))) == parse(text)
        return
    assert 0 <= error.at <= len(text)
    said = {lang: error.said(lang) for lang in LANGUAGES}
    assert said["id"] != said["en"]
    assert all(str(error.at + 1) in one for one in said.values())
    assert not re.search(r"\{\w+\}", said["en"].replace(text, "")), "nothing is left to be filled in"


def refusal(text: str) -> FilterError | None:
    """Return why a text is no filter, None where it is one."""
    try:
        parse(text)
    except FilterError as error:
        return error
    return None


@pytest.mark.parametrize(
    ("text", "node"),
    [
        ("", EVERYTHING),
        ("   ", EVERYTHING),
        ("role:kiosk", Term("role", ":", ("kiosk",))),
        ("Role=KIOSK,display", Term("role", ":", ("kiosk", "display"))),
        ("online:tidak", Term("online", ":", (False,))),
        ("seen>2h", Term("seen", ">", (7200,))),
        ("fw:1.2", Term("fw", ":", ((1, 2),))),
        ("rssi<-75", Term("rssi", "<", (-75,))),
        ('site:""', Term("site", ":", ("",))),
        ("-tag:baru", Not(Term("tag", ":", ("baru",)))),
        ("not not x", Not(Not(Text("x")))),
        ("a b or c", Or((And((Text("a"), Text("b"))), Text("c")))),
        ("a (b or c)", And((Text("a"), Or((Text("b"), Text("c")))))),
        ("(a b) c", And((Text("a"), Text("b"), Text("c")))),
        ("a and b", And((Text("a"), Text("b")))),
        ('"a \\" \\\\ b"', Text('a " \\ b')),
        ("orang", Text("orang")),
    ],
)
def test_it_reads_as_people_mean_it(text, node):
    assert parse(text) == node


@pytest.mark.parametrize(
    ("text", "at", "length", "said"),
    [
        ("role:kiosk colour:red", 11, 6, "there is no field colour"),
        ("role:toaster", 5, 7, "role needs one of: kiosk, display"),
        ("role<kiosk", 4, 1, "after role goes one of: :, ="),
        ("seen:2h", 4, 1, "after seen goes one of: <"),
        ("rssi<weak", 5, 4, "rssi needs a whole number"),
        ("rssi<-1,-2", 7, 1, "several values go after a colon only"),
        ("seen>2", 5, 1, "seen needs a time such as 90s"),
        ("online:maybe", 7, 5, "online needs yes or no"),
        ("fw:new", 3, 3, "fw needs a version"),
        ("fw:1000", 3, 4, "fw needs a version"),
        ("tag:a*b*c*d*e*f", 4, 11, "tag needs a word"),
        ("(role:kiosk", 0, 1, "is not closed"),
        ("role:kiosk)", 10, 1, "closes nothing"),
        ("a or", 4, 1, "something is missing"),
        ("-", 1, 1, "something is missing"),
        ('"abc', 0, 1, "quotes are not closed"),
        ('""', 0, 2, "nothing to look for"),
        ("a\0", 1, 1, "cannot be in a filter"),
        ("(" * (DEEPEST + 1) + "a", DEEPEST, 1, "nested too deeply"),
        ("a " * (MOST + 1), 2 * MOST, 1, "more than 50 terms"),
        ("a" * (LONGEST + 1), LONGEST, 1, "longer than 1000"),
        ("a" * 65, 0, 65, "too long to be looked for"),
    ],
)
def test_a_mistake_is_shown_where_it_is(text, at, length, said):
    with pytest.raises(FilterError) as caught:
        parse(text)
    assert (caught.value.at, caught.value.length) == (at, length)
    assert said in caught.value.said("en")


def test_what_could_stand_there_is_told():
    for text in ("colour:red", "role:toaster"):
        with pytest.raises(FilterError) as caught:
            parse(text)
        assert "kiosk" in caught.value.allowed or "role" in caught.value.allowed
        assert caught.value.said("id").startswith("Huruf ke-")
