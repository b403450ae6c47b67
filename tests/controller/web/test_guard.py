"""What every answer carries, and what a browser or a proxy may keep of it."""

import pytest

from tests.controller.inside import Inside

PATHS = ["/", "/signin", "/board", "/console", "/www/hall.js", "/web/signin.js", "/healthz", "/metrics", "/nothing"]
API = ["/api/v1/openapi.json", "/api/v1/sites", "/api/v1/nothing", "/api/v1/session"]


@pytest.mark.parametrize("path", PATHS + API)
def test_browsers_are_told_to_be_strict(inside: Inside, path):
    for person in (inside.admin, inside.someone()):
        headers = person.get(inside.address + path).headers
        policy = headers["content-security-policy"]
        assert "default-src 'none'" in policy
        assert "script-src 'self'" in policy
        assert "unsafe" not in policy
        assert "frame-ancestors 'none'" in policy
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["x-frame-options"] == "DENY"
        assert headers["referrer-policy"] == "no-referrer"
        assert "strict-transport-security" not in headers, "this is not TLS"
        assert "access-control-allow-origin" not in headers


def test_nobody_keeps_what_the_api_says_and_scripts_are_asked_for_again(inside: Inside):
    for path in API:
        assert inside.admin.get(inside.address + path).headers["cache-control"] == "no-store"
    for path in ("/", "/signin"):
        assert inside.admin.get(inside.address + path).headers["cache-control"] == "no-store"
    for path in ("/board", "/console", "/www/hall.js", "/web/pages.css"):
        answer = inside.admin.get(inside.address + path)
        assert answer.headers["cache-control"] == "no-cache"
        again = inside.admin.get(inside.address + path, headers={"if-none-match": answer.headers["etag"]})
        assert path in ("/board", "/console") or again.status_code == 304


def test_another_origin_gets_no_leave(inside: Inside):
    answer = inside.admin.options(
        "/sites", headers={"origin": "https://evil.example", "access-control-request-method": "POST"}
    )
    assert answer.status_code == 405
    assert not any(name.startswith("access-control") for name in answer.headers)


@pytest.mark.parametrize(
    "path", ["/www/../../controller/app.py", "/www/%2e%2e/%2e%2e/pyproject.toml", "/www//etc/passwd"]
)
def test_nothing_outside_the_folders_of_files_is_served(inside: Inside, path):
    for prefix in ("", "/web", "/voice"):
        assert inside.admin.get(inside.address + path.replace("/www", prefix or "/www")).status_code == 404
