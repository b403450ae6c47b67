"""Accounts without HTTP: the first admin, passwords at rest, names, sites, sessions that end."""

import re
import unicodedata

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlmodel import Session, select

from controller.accounts import service
from controller.accounts.models import ApiToken, SignIn, User
from controller.accounts.service import ROLES, AccountError, Who
from controller.db import Database
from controller.migrations import upgrade
from controller.settings import WORN

TURNING = ("LRE", "RLE", "LRO", "RLO", "PDF", "LRI", "RLI", "FSI", "PDI")
PASSWORD = "panjang-dan-rahasia"


@pytest.fixture
def db(tmp_path):
    database = Database(f"sqlite:///{tmp_path}/balai.db")
    upgrade(database)
    yield database
    database.close()


def add(db: Database, name: str, role: str = "clerk", password: str = PASSWORD, sites: str = "") -> None:
    db.write(lambda session: service.add_user(session, name, role, password, sites) and None)


def test_the_first_admin_is_made_once_with_a_password_of_its_own(db, tmp_path):
    name, password = db.write(service.first_admin)
    assert db.write(service.first_admin) is None
    other = Database(f"sqlite:///{tmp_path}/other.db")
    upgrade(other)
    assert other.write(service.first_admin)[1] != password
    other.close()
    assert len(password) >= 16
    with db.read() as session:
        assert service.check_password(session, name, password).role == "admin"
        assert service.check_password(session, name, password + " ") is None


def test_passwords_sessions_and_tokens_are_kept_as_hashes_only(db, tmp_path):
    add(db, "sari", "technician")
    token, csrf = db.write(lambda session: service.open_session(session, session.get(User, "sari")))
    program = db.write(lambda session: service.add_token(session, "sari", "pump", "viewer", []))
    with db.read() as session:
        kept = session.get(User, "sari").password
        assert re.match(r"\$argon2id\$v=19\$m=\d{5,},t=\d+,p=\d+\$", kept)
        assert session.exec(select(SignIn.id)).one() != token
        assert session.exec(select(ApiToken.id)).one() != program
    raw = b"".join(path.read_bytes() for path in tmp_path.glob("balai.db*"))
    for secret in (PASSWORD, token, program):
        assert secret.encode() not in raw
    assert csrf.encode() in raw, "the CSRF token is no use without the cookie, so it may lie there"


def test_the_same_password_gives_another_hash_each_time(db):
    add(db, "a")
    add(db, "b")
    with db.read() as session:
        assert session.get(User, "a").password != session.get(User, "b").password


@given(st.text(max_size=70))
def test_a_name_is_short_and_visible_and_without_spaces(name):
    if service.is_name(name):
        assert 0 < len(name) <= 64
        assert not any(unicodedata.category(letter) in ("Cc", "Zs", "Zl", "Zp") for letter in name)
        assert not any(unicodedata.bidirectional(letter) in TURNING for letter in name)
    elif 0 < len(name) <= 64:
        assert not all(letter.isalnum() or letter in ".-_@" for letter in name), "an ordinary name is one"


@pytest.mark.parametrize(
    ("fields", "why"),
    [
        ({"name": "admin/kiosk"}, "slash"),
        ({"name": ""}, "1 to 64"),
        ({"name": "a b"}, "no spaces"),
        ({"name": "a\0"}, "printed"),
        ({"role": "root"}, "a role is one of"),
        ({"password": "short"}, "10 to 256"),
        ({"password": "x" * 257}, "10 to 256"),
        ({"password": "password123"}, "guess"),
        ({"password": "RAHASIA123"}, "guess"),
        ({"name": "sari-genteng", "password": "Sari-Genteng"}, "guess"),
        ({"sites": "genteng,rogojampi"}, "no id of a site"),
    ],
)
def test_what_cannot_be_an_account_is_refused_with_a_reason(db, fields, why):
    with pytest.raises(AccountError, match=why) as caught:
        add(db, **{"name": "sari", **fields})
    assert caught.value.status == 422
    with db.read() as session:
        assert session.exec(select(User)).all() == []


def test_no_password_that_everybody_knows_is_long_enough_to_slip_through():
    assert all(len(word) < service.SHORTEST or word in WORN for word in WORN)


def test_the_last_admin_of_the_whole_fleet_stays(db):
    add(db, "all", "admin")
    add(db, "one", "admin", sites="genteng")
    with pytest.raises(AccountError, match="last admin"):
        db.write(lambda session: service.remove_user(session, "all"))
    add(db, "both", "admin")
    db.write(lambda session: service.remove_user(session, "all"))


def test_removing_an_account_ends_its_sessions_and_tokens(db):
    add(db, "sari")
    token, _ = db.write(lambda session: service.open_session(session, session.get(User, "sari")))
    program = db.write(lambda session: service.add_token(session, "sari", "pump", "viewer", []))
    db.write(lambda session: service.remove_user(session, "sari"))
    add(db, "sari")  # somebody else of that name has nothing of it
    with db.read() as session:
        assert service.by_cookie(session, token) is None
        assert service.by_token(session, program) is None


def test_a_new_password_ends_the_sessions(db):
    add(db, "sari")
    token, _ = db.write(lambda session: service.open_session(session, session.get(User, "sari")))
    db.write(lambda session: service.set_password(session, "sari", "yang-baru-sekali"))
    with db.read() as session:
        assert service.by_cookie(session, token) is None
        assert service.check_password(session, "sari", PASSWORD) is None
        assert service.check_password(session, "sari", "yang-baru-sekali")


def test_a_session_ends_when_it_is_idle_and_in_any_case(db, monkeypatch):
    now = service.now_ms()
    monkeypatch.setattr(service, "now_ms", lambda: now)
    add(db, "sari")
    token, _ = db.write(lambda session: service.open_session(session, session.get(User, "sari")))

    def there() -> bool:
        with db.read() as session:
            return service.by_cookie(session, token) is not None

    def used() -> None:
        def fn(session):
            row = session.get(SignIn, service.hashed(token))
            row.seen = now
            session.add(row)

        db.write(fn)

    now += service.IDLE_MS - 1
    assert there()
    now += 2
    assert not there(), "idle"
    now -= service.IDLE_MS
    began = now
    while now - began < service.LONGEST_MS - service.IDLE_MS:
        used()
        now += service.IDLE_MS - 1
        assert there(), "it is in use"
    now = began + service.LONGEST_MS + 1
    used()
    assert not there(), "in use, and too old"


def test_sessions_that_are_over_are_swept_away(db, monkeypatch):
    now = service.now_ms()
    monkeypatch.setattr(service, "now_ms", lambda: now)
    add(db, "sari")
    for _ in range(3):
        db.write(lambda session: service.open_session(session, session.get(User, "sari")))
    now += service.LONGEST_MS + 1
    db.write(lambda session: service.open_session(session, session.get(User, "sari")))
    with db.read() as session:
        assert len(session.exec(select(SignIn)).all()) == 1


SITES = st.sampled_from(["a", "b", "c"])
SCOPES = st.frozensets(SITES)


@given(st.sampled_from(ROLES), SCOPES, st.sampled_from(ROLES), st.one_of(st.none(), SITES))
def test_a_role_includes_those_below_it_and_a_scope_excludes_every_other_site(role, scope, wanted, site):
    who = Who("sari", role, scope or None)
    allowed = ROLES.index(role) >= ROLES.index(wanted) and (site is None or not scope or site in scope)
    assert who.may(wanted, site) == allowed
    assert who.everywhere == (not scope)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.sampled_from(ROLES), SCOPES, st.sampled_from(ROLES), SCOPES)
def test_a_token_never_does_more_than_its_owner(db, role, scope, token_role, token_scope):
    def fn(session: Session) -> Who:
        session.add(User(name="sari", role=role, password="", sites=" ".join(scope), created=0))
        token = service.add_token(session, "sari", "pump", token_role, sorted(token_scope))
        found = service.by_token(session, token)
        service.remove_token(session, "sari", "pump")
        session.delete(session.get(User, "sari"))
        return found

    found, owner = db.write(fn), Who("sari", role, scope or None)
    for wanted in ROLES:
        for site in ("a", "b", "c", "nowhere"):
            if found.may(wanted, site):
                assert owner.may(wanted, site)
                assert ROLES.index(token_role) >= ROLES.index(wanted)
                assert not token_scope or site in token_scope
    assert not found.everywhere or (owner.everywhere and not token_scope)
