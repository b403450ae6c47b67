"""A claim is made once for a board, whatever happens between."""

import os
import stat

import pytest

from provisioning.claims import Claims, kept
from provisioning.controller import Controller, Place
from provisioning.errors import ControllerError, DiskError, RefusedError, UsageError
from tests.provisioning.desk import TOKEN

MAC = "30aea4c0ffee"
PLACE = Place("genteng-kulon", "kiosk-1")


@pytest.fixture
def controller(desk):
    with Controller(desk.address, TOKEN) as one:
        yield one


@pytest.fixture
def claims(controller, tmp_path):
    return Claims(controller, tmp_path / "work")


def test_a_claim_that_waits_is_taken_up_again(claims, desk):
    assert claims.take(MAC, PLACE) == claims.take(MAC, PLACE)
    assert desk.devices[MAC].pending == 1


def test_so_is_one_that_the_device_uses_already(claims, desk):
    """The tool died after the device had been seen, before it noticed."""
    identity = claims.take(MAC, PLACE)
    desk.born(MAC, identity["secret"])
    assert claims.take(MAC, PLACE) == identity


@pytest.mark.parametrize("how", ["cancelled", "lapsed", "claimed elsewhere"])
def test_a_claim_that_is_over_is_not_taken_up(how, claims, controller, desk):
    first = claims.take(MAC, PLACE)
    if how == "cancelled":
        controller.cancel(MAC)
    elif how == "lapsed":
        del desk.devices[MAC]
    else:
        desk.born(MAC, controller.claim(MAC, PLACE)["secret"])
    assert claims.take(MAC, PLACE)["secret"] != first["secret"]


def test_another_place_is_another_claim(claims):
    first = claims.take(MAC, PLACE)
    assert claims.take(MAC, Place("genteng-kulon", "kiosk-2"))["generation"] == first["generation"] + 1


def test_a_spare_is_claimed_with_its_role(claims):
    identity = claims.take(MAC, Place(role="display"))
    assert (identity["role"], identity["site"]) == ("display", "")


def test_another_controller_does_not_get_it(claims, desk, tmp_path):
    first = claims.take(MAC, PLACE)
    with Controller(desk.address.replace("127.0.0.1", "localhost"), TOKEN) as other:
        assert Claims(other, tmp_path / "work").take(MAC, PLACE)["secret"] != first["secret"]


def test_the_claim_of_a_claim_token_is_taken_up_again(desk, tmp_path):
    desk.once["claim_once"] = {"site": "genteng-kulon", "position": "kiosk-1"}
    with Controller(desk.address, "claim_once") as controller:
        claims = Claims(controller, tmp_path / "work")
        assert claims.take(MAC, Place()) == claims.take(MAC, Place())
        assert desk.devices[MAC].pending == 1


def test_a_claim_whose_time_is_over_is_not_kept(claims, desk, tmp_path):
    desk.extra = {"expires": 1_700_000_000_000}
    first = claims.take(MAC, PLACE)
    assert len(kept(tmp_path / "work")) == 1
    desk.extra = {}
    claims.take("30aea4c00001", PLACE)
    assert [one.device for one in kept(tmp_path / "work")] == ["30aea4c00001"]
    assert claims.take(MAC, PLACE)["secret"] != first["secret"]


def test_only_this_account_may_read_it(claims, tmp_path):
    before = os.umask(0)
    try:
        claims.take(MAC, PLACE)
    finally:
        os.umask(before)
    for path in (tmp_path / "work", *(tmp_path / "work").iterdir()):
        assert not stat.S_IMODE(path.stat().st_mode) & 0o077


def test_it_is_shown_without_its_secret(claims, tmp_path):
    identity = claims.take(MAC, PLACE)
    (one,) = kept(tmp_path / "work")
    assert (one.device, one.place) == (MAC, PLACE)
    assert identity["secret"] not in repr(one)


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b'{"controller": 1}', b"\xff\xfe", b'{"place": 3}'])
def test_what_cannot_be_read_is_as_good_as_nothing(content, claims, tmp_path):
    (tmp_path / "work").mkdir()
    (tmp_path / "work" / f"{MAC}.json").write_bytes(content)
    assert claims.take(MAC, PLACE)["generation"] == 1


def test_a_claim_that_cannot_be_kept_is_cancelled(claims, desk, tmp_path):
    (tmp_path / "work" / f"{MAC}.json").mkdir(parents=True)
    with pytest.raises(DiskError, match="cannot be written"):
        claims.take(MAC, PLACE)
    assert not desk.half_trusted


def test_a_used_claim_is_forgotten_and_a_cancelled_one_is_cancelled(claims, desk, tmp_path):
    claims.take(MAC, PLACE)
    claims.was_seen(MAC)
    assert not list((tmp_path / "work").iterdir())
    claims.take(MAC, PLACE)
    claims.cancel(MAC)
    claims.cancel(MAC)  # once more is no error
    assert not list((tmp_path / "work").iterdir())
    assert not desk.half_trusted


@pytest.mark.parametrize("address", ["balai.example", "ftp://balai.example", "https://", ""])
def test_an_address_that_is_none_is_refused(address):
    with pytest.raises(UsageError):
        Controller(address, TOKEN)


@pytest.mark.parametrize("token", ["", "kata sandi\n", "é"])
def test_a_token_that_is_none_is_refused_without_showing_it(token):
    with pytest.raises(UsageError) as refused:
        Controller("https://balai.example", token)
    assert not token or token not in str(refused.value)


def test_something_else_than_a_controller_is_said_to_be_so(desk, controller):
    from fastapi.responses import PlainTextResponse

    desk.answer["POST"] = PlainTextResponse("<html>")
    with pytest.raises(ControllerError, match="no controller of Balai"):
        controller.claim(MAC, PLACE)
    desk.answer["POST"] = PlainTextResponse("<html>", 502)
    with pytest.raises(RefusedError, match="HTTP 502"):
        controller.claim(MAC, PLACE)
