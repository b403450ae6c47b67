"""The second factor: asked for once it is confirmed, each code good once, and a way back where the phone is lost."""

import time

import pyotp
import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from typer.testing import CliRunner

from controller.accounts import factor
from controller.commands.user import app
from tests.controller.inside import Inside, Someone


def password(name: str) -> str:
    return f"kata-sandi-{name}"


def sign_in(inside: Inside, name: str, **more: str):
    return inside.someone().post("/session", json={"name": name, "password": password(name), **more})


def turn_on(person: Someone, name: str) -> tuple[pyotp.TOTP, list[str]]:
    """Set a second factor up as its page does; the app, and the recovery codes."""
    made = person.post("/session/factor", json={"password": password(name)})
    assert made.status_code == 201, made.text
    totp = pyotp.TOTP(made.json()["secret"])
    assert pyotp.parse_uri(made.json()["uri"]).secret == totp.secret
    assert made.json()["qr"].startswith("<svg xmlns=")
    codes = person.put("/session/factor", json={"code": totp.now()})
    assert codes.status_code == 200, codes.text
    return totp, codes.json()["codes"]


def later(totp: pyotp.TOTP, steps: int = 1) -> str:
    """The code of a coming step; the controller allows one."""
    return totp.generate_otp(int(time.time()) // factor.STEP_S + steps)


def test_nobody_is_asked_for_a_code_before_the_first_one_is_confirmed(inside: Inside):
    person = inside.person("belum", "clerk")
    assert person.get("/session/factor").json() == {"on": False, "codes": 0}
    assert person.post("/session/factor", json={"password": password("belum")}).status_code == 201
    assert sign_in(inside, "belum").status_code == 200
    assert person.put("/session/factor", json={"code": "000000"}).status_code == 422
    assert sign_in(inside, "belum").status_code == 200


def test_then_the_password_alone_is_not_enough_and_each_code_is_good_once(inside: Inside):
    person = inside.person("dua", "clerk")
    other = inside.someone().sign_in("dua", password("dua"))
    totp, codes = turn_on(person, "dua")
    assert person.get("/session/factor").json() == {"on": True, "codes": factor.CODES}
    assert other.get("/session").status_code == 401, "sessions without it have ended"
    assert person.get("/session").status_code == 200, "but this one"
    without = sign_in(inside, "dua")
    assert without.status_code == 401
    assert without.headers["x-factor"] == "code"
    assert sign_in(inside, "dua", code="000000").status_code == 401
    assert "x-factor" not in inside.someone().post("/session", json={"name": "dua", "password": "salah"}).headers
    code = later(totp)
    assert sign_in(inside, "dua", code=code).status_code == 200
    assert sign_in(inside, "dua", code=code).status_code == 401, "the same again"
    assert sign_in(inside, "dua", code=totp.now()).status_code == 401, "an earlier one"
    assert len(codes) == len(set(codes)) == factor.CODES
    assert sign_in(inside, "dua", code=codes[0].upper()).status_code == 200
    assert sign_in(inside, "dua", code=codes[0]).status_code == 401
    assert person.get("/session/factor").json()["codes"] == factor.CODES - 1


def test_a_code_of_long_ago_or_far_ahead_is_refused(inside: Inside):
    totp, _ = turn_on(inside.person("jam", "clerk"), "jam")
    for steps in (-3, -2, 3, 10):
        assert sign_in(inside, "jam", code=later(totp, steps)).status_code == 401


def test_setting_it_up_and_taking_it_away_need_the_password_and_a_session(inside: Inside):
    person = inside.person("aman", "viewer")
    assert person.post("/session/factor", json={"password": "salah-sekali"}).status_code == 422
    token = person.post("/tokens", json={"name": "skrip", "role": "viewer"}).json()["token"]
    program = inside.someone(Authorization=f"Bearer {token}")
    assert program.post("/session/factor", json={"password": password("aman")}).status_code == 403
    turn_on(person, "aman")
    assert person.post("/session/factor", json={"password": password("aman")}).status_code == 409
    assert person.post("/session/factor/removal", json={"password": "salah-sekali"}).status_code == 422
    assert person.post("/session/factor/removal", json={"password": password("aman")}).status_code == 204
    assert sign_in(inside, "aman").status_code == 200
    assert person.post("/session/factor/removal", json={"password": password("aman")}).status_code == 404


def test_an_admin_helps_who_has_lost_the_phone_and_it_is_written_down(inside: Inside):
    person = inside.person("hilang", "clerk")
    turn_on(person, "hilang")
    assert inside.admin.delete("/users/hilang/factor").status_code == 204
    assert person.get("/session").status_code == 401
    assert sign_in(inside, "hilang").status_code == 200
    told = [one for one in inside.audit() if one["target"] == "hilang" and one["what"].startswith("factor.")]
    assert [one["what"] for one in told] == ["factor.on", "factor.off"]
    assert inside.admin.delete("/users/hilang/factor").status_code == 404


def test_nothing_secret_is_in_the_database_or_the_audit_log(inside: Inside):
    person = inside.person("rahasia", "clerk")
    totp, codes = turn_on(person, "rahasia")
    with inside.parts.db.read() as session:
        rows = str(session.exec(text("SELECT * FROM account_factor")).all())  # type: ignore[call-overload]
    assert totp.secret not in rows
    assert not [code for code in codes if code in rows]
    assert totp.secret not in str(inside.audit())


def test_ones_sessions_are_listed_and_can_be_ended(inside: Inside):
    person = inside.person("sesi", "clerk")
    phone = inside.someone(**{"User-Agent": "Peramban Ponsel"}).sign_in("sesi", password("sesi"))
    listed = person.get("/sessions").json()
    assert [one["here"] for one in sorted(listed, key=lambda one: not one["here"])] == [True, False]
    [other] = [one for one in listed if not one["here"]]
    assert other["agent"] == "Peramban Ponsel"
    stranger = inside.person("asing", "admin")
    assert stranger.delete(f"/sessions/{other['id']}").status_code == 404
    assert person.delete(f"/sessions/{other['id']}").status_code == 204
    assert phone.get("/session").status_code == 401
    assert person.get("/session").status_code == 200
    assert len(person.get("/sessions").json()) == 1
    assert (inside.audit()[-1]["who"], inside.audit()[-1]["what"]) == ("sesi", "session.end")


@pytest.mark.parametrize("change", ["UPDATE account_audit SET who = 'x'", "DELETE FROM account_audit"])
def test_nobody_edits_the_audit_log(inside: Inside, change):
    before = inside.audit()
    assert before
    with pytest.raises((DBAPIError, Exception), match="only added to"):
        inside.parts.db.write(lambda session: session.exec(text(change)))  # type: ignore[call-overload]
    assert inside.audit() == before


def test_whoever_is_at_the_machine_helps_the_last_admin(inside: Inside, tmp_path):
    said = CliRunner().invoke(app, ["factor-off", "nobody", "--data", str(tmp_path)])
    assert said.exit_code != 0
    assert "there is no controller" in said.output
