"""The OpenAPI document is true: schemathesis asks for everything that it allows, and for what it does not allow."""

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.controller.inside import Inside

CONFIG = Path(__file__).with_name("schemathesis.toml")
ASK = [sys.executable, "-m", "schemathesis.cli", "--no-color", "--config-file", str(CONFIG), "run"]
QUICK = ("--max-examples=6", "--generation-deterministic", "--no-shrink")
LONG = ("--max-examples=300",)


@pytest.fixture
def served(tmp_path: Path) -> Iterator[Inside]:
    """The application with a hall in it, whose kiosk is a claimed device."""
    one = Inside(tmp_path / "data")
    one.site("genteng")
    one.position("genteng", "kiosk-1", leads=True)
    yield one
    one.stop()


def ask(inside: Inside, folder: Path, *options: str) -> None:
    """Have schemathesis ask for everything; what it finds wrong fails the test."""
    command = [*ASK, f"{inside.address}/api/v1/openapi.json", *options]
    run = subprocess.run(command, capture_output=True, text=True, cwd=folder, check=False, stdin=subprocess.DEVNULL)
    assert run.returncode == 0, run.stdout + run.stderr
    assert "Coverage" in run.stdout, "it has asked for something"


def session(inside: Inside) -> tuple[str, ...]:
    """Return the headers of an admin's session."""
    admin = inside.person("kira", "admin")
    cookie = f"Cookie: balai_session={admin.cookies['balai_session']}"
    return "-H", cookie, "-H", f"X-CSRF: {admin.headers['X-CSRF']}", "--exclude-checks=ignored_auth"


def test_it_holds_for_somebody_who_has_not_signed_in(served: Inside, tmp_path):
    ask(served, tmp_path, *QUICK)


def test_it_holds_for_an_admin(served: Inside, tmp_path):
    ask(served, tmp_path, *QUICK, *session(served))


@pytest.mark.soak
@pytest.mark.parametrize("signed_in", [False, True])
def test_it_holds_for_long(served: Inside, tmp_path, signed_in):
    ask(served, tmp_path, *LONG, *(session(served) if signed_in else ()))


@pytest.mark.soak
def test_it_holds_on_postgresql(postgres, tmp_path):
    inside = Inside(tmp_path / "data", postgres())
    try:
        ask(inside, tmp_path, *LONG, *session(inside))
    finally:
        inside.stop()


def test_it_says_who_may_and_what_a_problem_looks_like(served: Inside):
    document = served.admin.get("/openapi.json").json()
    assert set(document["components"]["securitySchemes"]) == {"session", "token", "claim"}
    assert set(document["components"]["schemas"]["Problem"]["required"]) == {"type", "title", "status", "detail"}
    public = {("post", "/api/v1/session"), ("get", "/api/v1/sites/{site}/board")}
    public |= {("get", "/api/v1/sites/{site}/board/stream")}
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            assert operation["summary"], path
            assert operation["description"], path
            secured = {name for one in operation.get("security", []) for name in one}
            if (method, path) in public:
                assert not secured
            else:
                assert secured in ({"session", "token"}, {"session", "token", "claim"}, {"claim"}), path
            for status, answer in operation["responses"].items():
                if int(status) >= 400:
                    assert list(answer["content"]) == ["application/problem+json"], (path, status)
    assert "text/event-stream" in json.dumps(document["paths"]["/api/v1/sites/{site}/board/stream"])
