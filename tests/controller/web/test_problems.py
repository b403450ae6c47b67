"""Whatever is wrong with a request is answered by a problem document (RFC 9457), and nothing breaks by it."""

import json

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.controller.inside import SERVICES, Inside

JSON = {"content-type": "application/json"}
SITE = {"id": "problem", "name": "Desa", "services": SERVICES}
BIG = 2 << 20
MEMBERS = {"type", "title", "status", "detail"}


def problem(answer, *statuses: int) -> dict:
    """Return the problem document of an answer that must be one."""
    assert answer.status_code in statuses, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    body = answer.json()
    assert set(body) == MEMBERS
    assert body["status"] == answer.status_code
    assert body["title"]
    assert "Traceback" not in answer.text
    return body


def chunks(size: int):
    """Yield `size` bytes in pieces, so that nobody knows before how many there are."""
    for _ in range(size // 65536):
        yield b" " * 65536


BAD_BODIES = [
    (b"", 422),
    (b"{", 422),
    (b"nonsense", 422),
    (b"\xff\xfe\x00", 400),
    (b"null", 422),
    (b"[]", 422),
    (b'"text"', 422),
    (b"7", 422),
    (b"[" * 300_000, 400),
    (b'{"id":' * 50_000, 400),
    (b'{"share":' + b"9" * 5000 + b"}", 400),
    (b'{"share":1e999}', 422),
    (b'{"share":NaN}', 422),
    (b'{"share":-0}', 422),
    (b'{"name":"\\ud800"}', 422),
    (b'{"name":"a\\u0000b"}', 422),
    (b'{"id":"problem","id":"other"}', 422),
    (b'{"__proto__":{},"name":"x"}', 422),
]


@pytest.mark.parametrize(("body", "status"), BAD_BODIES, ids=range(len(BAD_BODIES)))
def test_a_body_that_makes_no_sense(inside: Inside, body, status):
    before = inside.admin.get("/sites").json()
    problem(inside.admin.post("/sites", content=body, headers=JSON), status)
    problem(inside.someone().post("/session", content=body, headers=JSON), status)
    assert inside.admin.get("/sites").json() == before


NUMBERS = [10**20, -(10**20), 2**63, 2**31, -1, 0, 1.5, 1e308, True, "7", "9" * 400, None, [], {}]


@pytest.mark.parametrize("number", NUMBERS, ids=range(len(NUMBERS)))
def test_numbers_that_are_none_or_too_great(inside: Inside, number):
    for field in ("tz", "share", "paper"):
        answer = inside.admin.post("/sites", json={**SITE, field: number})
        if answer.status_code == 201:  # what stands for a number in range, as pydantic reads JSON
            assert inside.admin.delete("/sites/problem").status_code == 204
        else:
            problem(answer, 422)
    for name in ("after", "limit"):
        answer = inside.admin.get("/audit", params={name: json.dumps(number)})
        if not answer.is_success:
            problem(answer, 422)


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/nothing"),
        ("GET", "/sites/nowhere"),
        ("GET", "/sites/nowhere/board"),
        ("GET", "/sites/nowhere/board/stream"),
        ("GET", "/sites/nowhere/queue"),
        ("GET", "/sites/nowhere/queue/day"),
        ("GET", "/sites/UPPER"),
        ("GET", "/sites/a%00b"),
        ("GET", "/sites/a%2Fb"),
        ("GET", "/sites/%F0%9F%92%A3"),
        ("GET", "/sites/" + "x" * 5000),
        ("GET", "/sites/a%00b/board"),
        ("GET", "/sites/a%00b/queue/day"),
        ("GET", "/devices/nowhere"),
        ("GET", "/devices/a%00b"),
        ("PATCH", "/sites/nowhere"),
        ("DELETE", "/sites/nowhere"),
        ("DELETE", "/users/nobody"),
        ("DELETE", "/users/a%00b"),
        ("DELETE", "/tokens/a%00b/x"),
        ("DELETE", "/alarms/7777777"),
        ("DELETE", "/alarms/99999999999999999999"),
        ("DELETE", "/alarms/x"),
    ],
)
def test_what_is_not_there(inside: Inside, method, path):
    problem(inside.admin.request(method, path, json={} if method == "PATCH" else None), 404)


@pytest.mark.parametrize(
    ("method", "path", "allow"),
    [
        ("PUT", "/api/v1/sites", "GET, POST"),
        ("DELETE", "/api/v1/sites", "GET, POST"),
        ("POST", "/api/v1/audit", "GET"),
        ("PUT", "/api/v1/session", "DELETE, GET, POST"),
        ("POST", "/api/v1/sites/x", "DELETE, GET, PATCH"),
        ("GET", "/api/v1/sites/x/queue/commands", "POST"),
        ("TRACE", "/api/v1/sites", "GET, POST"),
        ("POST", "/healthz", "GET"),
        ("POST", "/metrics", "GET"),
        ("POST", "/board", "GET"),
        ("DELETE", "/", "GET"),
        ("POST", "/www/hall.js", "GET, HEAD"),
    ],
)
def test_a_method_that_a_path_does_not_know_is_told_those_that_it_does(inside: Inside, method, path, allow):
    answer = inside.admin.request(method, inside.address + path)
    problem(answer, 405)
    assert answer.headers["allow"] == allow


def test_a_body_that_is_too_large_is_refused_whether_it_says_so_or_not(inside: Inside):
    for path in ("/sites", "/session", "/nothing"):
        problem(inside.admin.post(path, content=b" " * BIG, headers=JSON), 413)
    for path in ("/sites", "/session"):
        problem(inside.admin.post(path, content=chunks(BIG), headers=JSON), 413)
    assert inside.admin.get("/sites").status_code == 200


@pytest.mark.parametrize(
    "kind",
    [None, "", "text/plain", "application/x-www-form-urlencoded", "multipart/form-data", "application/jsonx", "*/*"],
)
def test_the_api_reads_json_only(inside: Inside, kind):
    body = json.dumps(SITE).encode()
    headers = {} if kind is None else {"content-type": kind}
    problem(inside.admin.post("/sites", content=body, headers=headers), 415)
    problem(inside.someone().post("/session", content=b"name=admin&password=x", headers=headers), 415)
    assert inside.admin.get("/sites/problem").status_code == 404


def test_json_may_name_its_charset(inside: Inside):
    body = json.dumps({"name": "nobody", "password": "x"}).encode()
    answer = inside.someone().post(
        "/session", content=body, headers={"content-type": "Application/JSON; charset=utf-8"}
    )
    problem(answer, 401)


@pytest.mark.parametrize(
    ("headers", "params", "title"),
    [
        ({}, {}, "Yang diminta tidak ada"),
        ({"accept-language": "en"}, {}, "There is no such thing"),
        ({"accept-language": "fr, en-GB;q=0.8"}, {}, "There is no such thing"),
        ({"accept-language": "fr"}, {}, "Yang diminta tidak ada"),
        ({"accept-language": "id"}, {"lang": "en"}, "There is no such thing"),
        ({"accept-language": "\x01;;,,=;q=9"}, {"lang": "\x00"}, "Yang diminta tidak ada"),
    ],
)
def test_it_is_told_in_the_language_that_is_asked_for_else_in_indonesian(inside: Inside, headers, params, title):
    raw = [(name.encode(), value.encode("latin-1").replace(b"\x01", b"\xa4")) for name, value in headers.items()]
    assert problem(inside.someone().get("/nothing", headers=raw, params=params), 404)["title"] == title


def test_a_key_is_needed_and_must_be_one(inside: Inside):
    inside.site("keys")
    path, body = "/sites/keys/queue/commands", {"op": "open", "service": "adm"}
    problem(inside.admin.post(path, json=body), 422)
    for key in ("", "x" * 41, "a b", "ü"):
        headers = [(b"idempotency-key", key.encode("latin-1"))]
        problem(inside.admin.post(path, json=body, headers=headers), 422)
    for op in ("grant", "pass", "printed", "void", "tick", "resumed", "", "OPEN"):
        problem(
            inside.admin.post(path, json={"op": op, "term": 99, "leader": "x"}, headers={"Idempotency-Key": "k"}), 422
        )


def test_a_failure_of_ours_is_a_problem_too_and_is_seen_in_the_figures(inside: Inside, monkeypatch, caplog):
    monkeypatch.setattr(inside.parts.store.alarms, "open", lambda _site=None: 1 / 0)
    answer = inside.admin.get("/alarms")
    assert "ZeroDivisionError" not in answer.text
    problem(answer, 500)
    assert answer.headers["content-security-policy"]
    assert [record.exc_info[0] for record in caplog.records if record.exc_info] == [ZeroDivisionError]
    monkeypatch.undo()
    figures = inside.someone().get(inside.address + "/metrics").text
    assert 'route="/alarms",status="500"} 1.0' in figures


@settings(max_examples=150, suppress_health_check=list(HealthCheck))
@given(
    st.sampled_from(["GET", "POST", "PATCH", "DELETE", "PUT"]),
    st.lists(st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=9), max_size=4),
    st.dictionaries(st.text(st.characters(exclude_categories=["Cs"]), max_size=9), st.text(max_size=9), max_size=3),
    st.binary(max_size=60),
)
def test_no_request_breaks_it(inside: Inside, method, path, params, body):
    parts = "/".join("%" + "%".join(f"{byte:02x}" for byte in part.encode()) for part in path)
    params = {name: value.encode("utf-8", "replace").decode() for name, value in params.items()}
    for base in ("/api/v1/", "/api/v1/sites/", "/www/", "/"):
        answer = inside.admin.request(method, inside.address + base + parts, params=params, content=body, headers=JSON)
        if answer.is_error:
            problem(answer, *range(400, 500))
        if answer.is_redirect:
            assert answer.headers["location"].startswith((inside.address + "/", "/"))
