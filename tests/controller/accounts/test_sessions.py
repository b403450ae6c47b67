"""Sessions and tokens over HTTP: the cookie, the CSRF token, bearer tokens, and how each of them ends."""

import asyncio
import json
import sqlite3
import time
from concurrent.futures import ThreadPoolExecutor
from http.cookies import SimpleCookie

import pytest
from sqlmodel import select

from controller.accounts import service
from controller.accounts.delay import HERE
from controller.accounts.models import SignIn
from tests.controller.inside import SERVICES, Inside

NEW = {"name": "Desa Baru", "services": SERVICES}


def problem(answer, status: int) -> dict:
    """Return the problem document of an answer that must be one."""
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    body = answer.json()
    assert body["status"] == status
    return body


def test_the_cookie_is_for_this_site_and_no_script(inside: Inside):
    inside.person("cookie", "clerk")
    answer = inside.someone().post("/session", json={"name": "cookie", "password": "kata-sandi-cookie"})
    cookie = SimpleCookie(answer.headers["set-cookie"])["balai_session"]
    assert cookie["httponly"]
    assert cookie["samesite"].lower() == "lax"
    assert cookie["path"] == "/"
    assert not cookie["domain"]
    assert not cookie["secure"], "this is plain HTTP on loopback"
    assert len(cookie.value) >= 40
    assert cookie.value not in answer.text


def test_each_session_has_a_cookie_and_a_csrf_token_of_its_own(inside: Inside):
    one, two = inside.person("twice", "clerk"), inside.someone().sign_in("twice", "kata-sandi-twice")
    assert one.cookies["balai_session"] != two.cookies["balai_session"]
    assert one.headers["X-CSRF"] != two.headers["X-CSRF"]
    assert problem(one.delete("/session", headers={"X-CSRF": two.headers["X-CSRF"]}), 403)


def test_a_change_by_cookie_needs_the_csrf_token_and_a_look_does_not(inside: Inside):
    admin = inside.person("csrf", "admin")
    right = admin.headers.pop("X-CSRF")
    assert admin.get("/sites").status_code == 200
    for wrong in (None, "", "x", right[:-1], right + "x", right.upper()):
        headers = {} if wrong is None else {"X-CSRF": wrong}
        assert "X-CSRF" in problem(admin.post("/sites", json={**NEW, "id": "csrf"}, headers=headers), 403)["detail"]
        assert problem(admin.delete("/sites/csrf", headers=headers), 403)
        assert problem(admin.patch("/sites/csrf", json={}, headers=headers), 403)
    assert admin.get("/sites/csrf").status_code == 404
    assert admin.post("/sites", json={**NEW, "id": "csrf"}, headers={"X-CSRF": right}).status_code == 201


def test_signing_out_ends_the_session_at_the_server(inside: Inside):
    clerk = inside.person("leaves", "clerk")
    cookie = clerk.cookies["balai_session"]
    answer = clerk.delete("/session")
    assert answer.status_code == 204
    assert 'balai_session=""' in answer.headers["set-cookie"]
    again = inside.someone()
    again.cookies.set("balai_session", cookie)
    assert problem(again.get("/session"), 401)


def test_the_session_says_who_one_is(inside: Inside):
    inside.site("who-is")
    clerk = inside.person("whois", "clerk", "who-is")
    told = clerk.get("/session").json()
    assert told == {"name": "whois", "role": "clerk", "csrf": clerk.headers["X-CSRF"], "sites": ["who-is"]}
    assert problem(inside.someone().get("/session"), 401)


def test_an_account_that_is_removed_is_out_at_once(inside: Inside):
    clerk = inside.person("fired", "clerk")
    token = clerk.post("/tokens", json={"name": "pump", "role": "viewer"}).json()["token"]
    program = inside.someone(Authorization=f"Bearer {token}")
    assert program.get("/session").status_code == 200
    assert inside.admin.delete("/users/fired").status_code == 204
    assert problem(clerk.get("/session"), 401)
    assert problem(program.get("/session"), 401)


def test_an_idle_session_is_over(inside: Inside):
    clerk = inside.person("idle", "clerk")

    def idle(session):
        for row in session.exec(select(SignIn).where(SignIn.user == "idle")):
            row.seen -= service.IDLE_MS
            session.add(row)

    inside.parts.db.write(idle)
    assert problem(clerk.get("/session"), 401)


def test_use_is_written_down_so_that_a_session_in_use_goes_on(inside: Inside, until):
    clerk = inside.person("busy", "clerk")

    def seen() -> int:
        with inside.parts.db.read() as session:
            return session.exec(select(SignIn).where(SignIn.user == "busy")).one().seen

    def earlier(session):
        row = session.exec(select(SignIn).where(SignIn.user == "busy")).one()
        row.seen -= service.SEEN_MS + 1
        session.add(row)

    first = seen()
    inside.parts.db.write(earlier)
    assert clerk.get("/session").status_code == 200
    until(lambda: seen() >= first, "the use of a session is not written down")


@pytest.mark.parametrize(
    "header", ["Bearer", "Bearer nothing", "Basic YWRtaW46YWRtaW4=", "bearer \xff", "x", "Bearer a b"]
)
def test_a_header_that_proves_nothing_is_refused_even_beside_a_good_cookie(inside: Inside, header):
    answer = inside.admin.get("/session", headers=[(b"authorization", header.encode("latin-1"))])
    assert problem(answer, 401)
    assert answer.headers["www-authenticate"] == "Bearer"


def test_a_token_needs_no_csrf_token_and_does_what_its_role_may(inside: Inside):
    inside.site("token-hall")
    admin = inside.person("maker", "admin")
    made = admin.post("/tokens", json={"name": "sync", "role": "clerk", "sites": ["token-hall"]})
    assert made.status_code == 201
    program = inside.someone(Authorization=f"Bearer {made.json()['token']}")
    assert program.get("/session").json() == {
        "name": "maker/sync",
        "role": "clerk",
        "csrf": "",
        "sites": ["token-hall"],
    }
    answer = program.post(
        "/sites/token-hall/queue/commands", json={"op": "open", "service": "adm"}, headers={"Idempotency-Key": "k"}
    )
    assert answer.status_code == 200
    assert problem(program.post("/sites", json={**NEW, "id": "by-token"}), 403)
    assert problem(program.post("/tokens", json={"name": "child", "role": "viewer"}), 403)


def test_a_token_is_listed_without_itself_and_ended_by_its_owner_or_an_admin_only(inside: Inside):
    owner, other = inside.person("owner", "clerk"), inside.person("other", "clerk")
    tokens = [owner.post("/tokens", json={"name": name, "role": "viewer"}).json()["token"] for name in ("a", "b")]
    assert [(one["user"], one["name"], one["role"]) for one in owner.get("/tokens").json()] == [
        ("owner", "a", "viewer"),
        ("owner", "b", "viewer"),
    ]
    assert other.get("/tokens").json() == []
    assert not any(token in inside.admin.get("/tokens").text for token in tokens)
    assert problem(other.delete("/tokens/owner/a"), 404)
    assert owner.delete("/tokens/owner/a").status_code == 204
    assert inside.admin.delete("/tokens/owner/b").status_code == 204
    assert problem(owner.delete("/tokens/owner/a"), 404)
    for token in tokens:
        assert problem(inside.someone(Authorization=f"Bearer {token}").get("/session"), 401)


def test_nobody_makes_a_token_of_a_higher_role_or_of_a_taken_name_or_without_end(inside: Inside):
    clerk = inside.person("greedy", "clerk")
    assert problem(clerk.post("/tokens", json={"name": "x", "role": "technician"}), 403)
    for number in range(service.TOKENS):
        assert clerk.post("/tokens", json={"name": f"t{number}", "role": "viewer"}).status_code == 201
        assert problem(clerk.post("/tokens", json={"name": f"t{number}", "role": "clerk"}), 409)
    assert problem(clerk.post("/tokens", json={"name": "more", "role": "viewer"}), 409)


def test_a_wrong_name_and_a_wrong_password_look_the_same(inside: Inside):
    inside.person("known", "clerk")
    one = inside.someone().post("/session", json={"name": "known", "password": "wrong"})
    two = inside.someone().post("/session", json={"name": "unknown", "password": "wrong"})
    three = inside.someone().post("/session", json={"name": "un\0known", "password": "wr\0ng"})
    assert problem(one, 401) == problem(two, 401) == problem(three, 401)


def test_guessing_is_slowed_down_also_in_parallel_and_says_for_how_long(inside: Inside, monkeypatch):
    inside.person("guessed", "clerk")
    monkeypatch.setattr(inside.app.state.delay, "_clock", lambda now=time.monotonic(): now)

    def guess(number: int):
        return inside.someone().post("/session", json={"name": "guessed", "password": f"wrong-{number}"})

    with ThreadPoolExecutor(16) as pool:
        answers = list(pool.map(guess, range(32)))
    looked_at = [answer for answer in answers if answer.status_code == 401]
    assert len(looked_at) == HERE.free
    for answer in answers:
        if answer not in looked_at:
            problem(answer, 429)
            assert 1 <= int(answer.headers["retry-after"]) <= HERE.longest
    right = inside.someone().post("/session", json={"name": "guessed", "password": "kata-sandi-guessed"})
    assert problem(right, 429), "the right password waits too, else its answer would give it away"


def test_behind_tls_the_cookie_is_for_tls_only_and_browsers_are_told_to_stay(inside: Inside):
    """The scheme is what the server (or a proxy that is believed) says; end to end: test_supervisor."""
    messages = []

    async def answer() -> None:
        body = json.dumps({"name": "secure", "password": "kata-sandi-secure"}).encode()
        scope = {
            "type": "http", "method": "POST", "path": "/api/v1/session", "scheme": "https", "query_string": b"",
            "root_path": "", "http_version": "1.1", "server": ("x", 443), "client": ("127.0.0.9", 1),
            "headers": [(b"content-type", b"application/json"), (b"content-length", b"%d" % len(body))],
        }  # fmt: skip

        async def receive() -> dict:
            return {"type": "http.request", "body": body, "more_body": False}

        async def send(message: dict) -> None:
            messages.append(message)

        await inside.app(scope, receive, send)

    inside.person("secure", "clerk")
    asyncio.run(answer())
    headers = dict(messages[0]["headers"])
    assert messages[0]["status"] == 200
    assert b"; Secure" in headers[b"set-cookie"]
    assert headers[b"strict-transport-security"].startswith(b"max-age=31536000")


def test_a_copy_of_the_database_opens_no_session(inside: Inside):
    if not inside.parts.db.sqlite:
        return
    clerk = inside.person("copied", "clerk")
    with sqlite3.connect(inside.parts.folder.database) as copy:
        ids = [row[0] for row in copy.execute("SELECT id FROM account_session WHERE user = 'copied'")]
    copy.close()
    thief = inside.someone()
    thief.cookies.set("balai_session", ids[0])
    assert problem(thief.get("/session"), 401)
    assert clerk.get("/session").status_code == 200
