"""The audit log as the page reads it."""

import json

from hypothesis import given
from hypothesis import strategies as st

from controller.accounts.desk import log
from controller.accounts.pages.audit import changes
from controller.accounts.service import audit
from tests.controller.inside import Inside

values = st.dictionaries(st.text(max_size=4), st.integers() | st.text(max_size=4) | st.none(), max_size=5)


@given(values, values)
def test_what_is_shown_of_a_change_is_what_differs(before, after):
    shown = changes(json.dumps(before), json.dumps(after))
    names = {name for name, _, _ in shown}
    assert names == {name for name in {*before, *after} if before.get(name) != after.get(name)}
    for name, old, new in shown:
        assert (json.loads(old) if old else None) == before.get(name)
        assert (json.loads(new) if new else None) == after.get(name)


def test_a_change_without_a_before_or_without_fields_is_shown_too():
    assert changes("", '{"role": "viewer"}') == [("role", "", '"viewer"')]
    assert changes("", "") == []
    assert changes('"a"', '"b"') == [("", '"a"', '"b"')]


def test_the_newest_come_first_page_by_page_and_only_those_that_are_asked_for(inside: Inside):
    def fn(session) -> None:
        for number in range(5):
            audit(session, "ujang", "site.add" if number % 2 else "siteX", f"balai_{number}")

    inside.parts.db.write(fn)
    with inside.parts.db.read() as session:
        found = log.before(session, log.NEWEST, 3, who="ujang")
        assert [one.target for one in found] == ["balai_4", "balai_3", "balai_2"]
        found = log.before(session, found[-1].id, 3, who="ujang")
        assert [one.target for one in found] == ["balai_1", "balai_0"]
        assert len(log.before(session, log.NEWEST, 9, who="ujang", what="site.")) == 2, "a dot is a dot"
        assert len(log.before(session, log.NEWEST, 9, target="balai_4")) == 1, "and _ is not any character"
        assert log.before(session, log.NEWEST, 9, target="balai%") == []
