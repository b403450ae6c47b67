"""A page acts only for the session that has opened it, and only as long as that may."""

import pytest

from controller.accounts.models import User
from controller.accounts.service import end_sessions
from tests.controller.web.shell.conftest import GENTENG, SRONO, House
from tests.controller.web.shell.tab import Refused, Tab

MINE = "Saya tangani"
ENDED = "Sesi Anda telah berakhir"
NO_RIGHT = "Akun Anda tidak berhak"


@pytest.fixture
def id_(house: House) -> int:
    return house.trouble(GENTENG)


def page(house: House, id_: int) -> str:
    return f"{house.address}/fleet/incidents/{id_}"


def account(person, house: House, **changes: str) -> None:
    """Change the account of somebody who is signed in."""
    name = person.get("/session").json()["name"]

    def fn(session) -> None:
        user = session.get(User, name)
        for field, value in changes.items():
            setattr(user, field, value)

    house.parts.db.write(fn)


def test_who_presses_a_button_has_done_it(house: House, people, id_):
    tab = Tab(people("technician"), page(house, id_)).connect()
    tab.press(MINE)
    tab.hears("Anda yang menangani")
    assert house.incident(id_).by.startswith("technician-")


def test_a_session_that_has_ended_cannot_act_in_a_page_that_is_still_open(house: House, newcomer, id_):
    person = newcomer("technician")
    tab = Tab(person, page(house, id_)).connect()
    name = person.get("/session").json()["name"]
    house.parts.db.write(lambda session: end_sessions(session, name))
    tab.press(MINE)
    assert "/signin?next=" in tab.hears(ENDED)
    assert house.incident(id_).by == ""


def test_a_role_that_was_taken_away_is_gone_in_open_pages_too(house: House, newcomer, id_):
    person = newcomer("technician")
    tab = Tab(person, page(house, id_)).connect()
    account(person, house, role="viewer")
    tab.press(MINE)
    tab.hears(NO_RIGHT)
    assert house.incident(id_).by == ""


def test_a_hall_that_was_taken_away_is_gone_in_open_pages_too(house: House, newcomer, id_):
    person = newcomer("technician", GENTENG)
    tab = Tab(person, page(house, id_)).connect()
    account(person, house, sites=SRONO)
    tab.press(MINE)
    tab.hears(NO_RIGHT)
    assert house.incident(id_).by == ""


def test_a_page_is_over_without_a_press_where_its_reader_has_lost_it(house: House, newcomer):
    person = newcomer("viewer", GENTENG)
    tab = Tab(person, f"{house.address}/fleet/sites/{GENTENG}").connect()
    account(person, house, sites=SRONO)
    tab.hears(NO_RIGHT)


def test_a_page_answers_the_socket_of_nobody_else(house: House, people, id_):
    tab = Tab(people("technician"), page(house, id_))
    with pytest.raises(Refused):
        tab.connect(people("admin"))
    with pytest.raises(Refused):
        tab.connect(house.someone())
    assert house.incident(id_).by == ""


def test_an_event_in_the_name_of_another_page_is_not_heard(house: House, people, id_):
    theirs = Tab(people("technician"), page(house, id_)).connect()
    mine = Tab(people("clerk"), page(house, id_)).connect()
    own, mine.elements = mine.elements, theirs.elements
    mine.press(MINE, theirs.client)
    mine.elements = own
    mine.press("Komentar")
    mine.hears("Periksa isian Anda")  # the one that came after was heard
    assert house.incident(id_).by == ""


@pytest.mark.parametrize("origin", ["https://evil.example", "null", "http://127.0.0.1:1"])
def test_another_site_cannot_use_the_socket(house: House, people, id_, origin):
    with pytest.raises(Refused):
        Tab(people("technician"), page(house, id_)).connect(Origin=origin)


def test_our_own_pages_can_use_it(house: House, people, id_):
    Tab(people("technician"), page(house, id_)).connect(Origin=house.address)


def test_a_page_that_is_not_there_any_more_asks_to_be_loaded_again(house: House, people, id_):
    tab = Tab(people("technician"), page(house, id_))
    tab.query["client_id"] = "00000000-0000-4000-8000-000000000000"
    with pytest.raises(Refused, match="Implicit handshake failed"):
        tab.connect()
