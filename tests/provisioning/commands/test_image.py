"""`balai device image`: a file with the whole flash of one device."""

import json
import stat

import pytest

from provisioning.identity import complete, encode
from provisioning.image.build import build
from provisioning.release import keys
from tests.provisioning.chip.boot import start
from tests.provisioning.chip.silicon import Silicon
from tests.provisioning.desk import CA, TOKEN

MAC = "30aea4c0ffee"
WHO = ("--device", "30:AE:A4:C0:FF:EE", "--site", "genteng-kulon", "--position", "kiosk-1")


@pytest.fixture
def out(tmp_path):
    return tmp_path / "kiosk.bin"


def identity_in(file):
    """The identity on a flash."""
    return json.loads(start(Silicon(), file.read_bytes())["identity.json"])


def test_it_holds_all_that_the_device_needs(run, desk, out, tmp_path):
    (tmp_path / "wifi.json").write_text('[["Kantor Desa", "kata-sandi-lain"]]')
    _, public = keys.make()
    (tmp_path / "release.pub").write_bytes(public)
    more = ("--networks", tmp_path / "wifi.json", "--release-key", tmp_path / "release.pub")
    said = run("image", *WHO, *more, "--out", out, desk=desk)
    assert said.code == 0, said.err
    found = identity_in(out)
    assert found == {
        "device": MAC, "role": "kiosk", "username": f"{MAC}.1", "secret": desk.devices[MAC].secrets[1], "generation": 1,
        "brokers": [{"host": "balai.example", "port": 8883, "tls": True}], "ca": CA, "site": "genteng-kulon",
        "position": "kiosk-1", "networks": [["Balai Desa", "kata-sandi-wifi"], ["Kantor Desa", "kata-sandi-lain"]],
        "lang": "id", "release_key": keys.public(public),
    }  # fmt: skip
    assert stat.S_IMODE(out.stat().st_mode) == 0o600
    for secret in (found["secret"], "kata-sandi", TOKEN):
        assert secret not in said.out + said.err
    assert "esptool write-flash 0x0" in said.out


def test_running_it_again_gives_the_same_bytes(run, desk, out, tmp_path):
    run("image", *WHO, "--out", out, desk=desk)
    other = tmp_path / "again.bin"
    assert run("image", *WHO, "--out", other, desk=desk).code == 0
    assert out.read_bytes() == other.read_bytes()
    assert desk.devices[MAC].pending == 1


def test_a_board_made_afterwards_gets_the_same_identity(run, desk, out, plug):
    from tests.provisioning.chip.board import Board
    from tests.provisioning.desk import OnAir

    run("image", *WHO, "--out", out, desk=desk)
    board = Board(firmware=OnAir(desk))
    assert run("flash", "--port", plug(board), *WHO[2:], desk=desk).code == 0
    assert board.loader.memory[: len(out.read_bytes())] == out.read_bytes()


def test_an_identity_from_elsewhere_needs_no_controller(run, desk, out, tmp_path, esp32):
    run("image", *WHO, "--out", tmp_path / "first.bin", desk=desk)
    identity = identity_in(tmp_path / "first.bin")
    file = tmp_path / "identity.json"
    file.write_text(json.dumps(identity))
    said = run("image", "--identity", file, "--bench", "--out", out)
    assert said.code == 0, said.err
    assert out.read_bytes() == build(esp32, encode(complete(identity)), bench=True).whole()
    assert run("image", "--identity", file, *WHO, "--out", out).code == 2


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"device": "30aea4c0ffee"}'])
def test_an_identity_that_is_none_is_said_in_one_line(text, run, out, tmp_path):
    (tmp_path / "identity.json").write_text(text)
    said = run("image", "--identity", tmp_path / "identity.json", "--out", out)
    assert said.code == 2
    assert len(said.err.splitlines()) == 1
    assert not out.exists()


@pytest.mark.parametrize(
    ("words", "code", "text"),
    [
        (("--device", "30:AE", *WHO[2:]), 2, "is no MAC"),
        (WHO[:4], 2, "--position"),
        ((*WHO, "--board", "esp8266"), 2, "take one of esp32"),
        ((*WHO, "--image", "/nonexistent"), 3, "cannot be read"),
        ((*WHO, "--board", "esp32-c3"), 3, "--sha256"),
        ((*WHO, "--networks", "/nonexistent"), 2, "Wi-Fi networks"),
        ((*WHO, "--token-file", "/nonexistent"), 2, "token"),
    ],
)
def test_what_makes_no_sense_is_said_before_anything_is_claimed(words, code, text, run, desk, out):
    said = run("image", *words, "--out", out, desk=desk)
    assert said.code == code, said.err
    (line,) = said.err.splitlines()
    assert line.startswith("balai: ")
    assert text in line
    assert not desk.devices
    assert not out.exists()


def test_a_place_that_cannot_be_written_cancels_the_claim(run, desk, tmp_path):
    said = run("image", *WHO, "--out", tmp_path / "nowhere" / "kiosk.bin", desk=desk)
    assert said.code == 11
    assert "name another place" in said.err
    assert not desk.half_trusted
    assert not list((tmp_path / "work").iterdir())


def test_a_missing_token_is_said(run, desk, out):
    said = run("image", *WHO, "--out", out, desk=desk, token="")
    assert said.code == 2
    assert "BALAI_TOKEN" in said.err


def test_a_token_from_a_file_is_used(run, desk, out, tmp_path):
    (tmp_path / "token").write_text(TOKEN + "\n")
    assert run("image", *WHO, "--out", out, "--token-file", tmp_path / "token", desk=desk, token="wrong").code == 0
