"""`balai device flash`: a board becomes a device that the controller has seen, or nothing trusts it."""

import csv
import json
import stat
import threading

import pytest

from provisioning.errors import INTERRUPTED
from tests.provisioning.chip.board import Board
from tests.provisioning.chip.silicon import Silicon
from tests.provisioning.desk import TOKEN, OnAir

MAC = "30aea4c0ffee"
PLACE = ("--site", "genteng-kulon", "--position", "kiosk-1")


def secrets_of(desk) -> list[str]:
    """Every secret that must never be shown."""
    return [TOKEN, "kata-sandi-wifi", *(kept for known in desk.devices.values() for kept in known.secrets.values())]


def shows_no_secret(said, desk) -> bool:
    """Whether a command's output holds none."""
    return not any(secret in said.out + said.err for secret in secrets_of(desk))


def test_a_board_becomes_a_device_that_the_controller_has_seen(run, plug, desk, tmp_path):
    board = Board(firmware=OnAir(desk))
    said = run("flash", "--port", plug(board), *PLACE, desk=desk)
    assert said.code == 0, said.err + said.out
    assert board.firmware.believed
    assert desk.devices[MAC].generation == 1
    assert not desk.half_trusted
    assert not list((tmp_path / "work").iterdir()), "nothing is kept of a claim that was used"
    for step in ("connecting", "claiming", "building", "writing", "starting", "waiting to be seen", "seen"):
        assert step in said.out
    assert shows_no_secret(said, desk)


def test_a_port_without_reset_lines_and_the_rom_loader_will_do(run, plug, desk):
    board = Board(firmware=OnAir(desk))
    said = run("flash", "--port", plug(board), *PLACE, "--no-stub", "--bench", desk=desk)
    assert said.code == 0, said.err
    assert not board.loader.stub


def test_a_dry_run_shows_all_and_does_nothing(run, plug, desk, tmp_path):
    board = Board(firmware=OnAir(desk))
    said = run("flash", "--port", plug(board), *PLACE, "--dry-run", desk=desk)
    assert said.code == 0, said.err
    for word in (MAC, "ESP32", "4 MB", "genteng-kulon/kiosk-1", "boot loader", "0x00010000", "files", "nothing was"):
        assert word in said.out
    assert not board.loader.erased
    assert not desk.devices
    assert not [one for one in desk.asked if not one.startswith("GET")]
    assert not (tmp_path / "work").exists()


def test_a_dry_run_finds_a_place_that_is_not_there(run, plug, desk):
    said = run(
        "flash", "--port", plug(Board()), "--site", "genteng-kulon", "--position", "kiosk-9", "--dry-run", desk=desk
    )
    assert said.code == 7
    assert "the controller knows no genteng-kulon/kiosk-9" in said.err


def spoilt(desk, **answer):
    """Make a desk's bad day of what is asked for."""
    from tests.provisioning.desk import problem

    desk.answer = {method: problem(*status) for method, status in answer.items()}


@pytest.mark.parametrize(
    ("board", "words", "code", "text"),
    [
        (lambda: Board(Silicon("esp32c3")), ("--board", "esp32"), 5, "is an ESP32-C3, not an ESP32: take another"),
        (lambda: Board(Silicon(flash=2 << 20)), (), 5, "has 2 MB of flash, and needs 4: take another board"),
        (lambda: Board(Silicon("esp32s2")), (), 5, "is an ESP32-S2: take"),
        (lambda: Board(Silicon(locked=True)), (), 5, "is locked"),
        (lambda: Board(deaf=True), (), 4, "hold BOOT and press EN"),
        (lambda: Board(corrupt=2), (), 8, "MD5 of file does not match data in flash): run it again"),
    ],
    ids=["wrong chip", "small flash", "no such board", "locked", "silent", "read-back mismatch"],
)
def test_a_board_that_will_not_do_leaves_nothing_trusted(board, words, code, text, run, plug, desk, tmp_path):
    board = board()
    said = run("flash", "--port", plug(board), *PLACE, *words, desk=desk)
    assert said.code == code, said.err + said.out
    (line,) = said.err.splitlines()
    assert line.startswith("balai: ")
    assert text in line
    assert not desk.half_trusted
    assert not list(tmp_path.glob("work/*"))
    assert shows_no_secret(said, desk)
    if code != 8:
        assert not board.loader.erased
        assert not desk.devices, "it was not even claimed"


def test_one_bad_block_is_written_again_by_the_second_attempt(run, plug, desk):
    board = Board(firmware=OnAir(desk), corrupt=1)
    said = run("flash", "--port", plug(board), *PLACE, desk=desk)
    assert said.code == 0, said.err
    assert desk.devices[MAC].generation == 1, "with the same claim"


@pytest.mark.parametrize(
    ("words", "text"),
    [
        ("Brownout detector was triggered\r\n", "another cable"),
        ("waiting for download\r\n", "let go of BOOT"),
    ],
)
def test_a_board_that_does_not_start_says_why(words, text, run, plug, desk):
    board = Board()
    board.boot_words = words
    said = run("flash", "--port", plug(board), *PLACE, desk=desk)
    assert said.code == 9
    assert text in said.err
    assert not desk.half_trusted


def test_another_interpreter_than_was_written_is_an_error(run, plug, desk):
    board = Board()
    board.version = "1.24.1"
    said = run("flash", "--port", plug(board), *PLACE, desk=desk)
    assert said.code == 9
    assert "starts MicroPython 1.24.1" in said.err


def test_a_device_that_is_not_seen_keeps_its_claim_and_is_repaired_by_the_same_command(run, plug, desk, tmp_path):
    port = plug(Board())
    said = run("flash", "--port", port, *PLACE, "--wait", 2, desk=desk)
    assert said.code == 10
    assert "has not seen it within 2 s: check the Wi-Fi" in said.err
    (kept,) = (tmp_path / "work").iterdir()
    assert stat.S_IMODE(kept.stat().st_mode) == 0o600
    assert stat.S_IMODE(kept.parent.stat().st_mode) == 0o700
    assert desk.devices[MAC].pending == 1
    assert shows_no_secret(said, desk)
    shown = run("claims")
    assert MAC in shown.out
    assert shows_no_secret(shown, desk)

    said = run("flash", "--port", plug(Board(firmware=OnAir(desk))), *PLACE, desk=desk)
    assert said.code == 0, said.err
    assert desk.devices[MAC].generation == 1, "the same claim, not another"


def test_nobody_waits_where_that_is_not_wanted(run, plug, desk):
    board = Board()
    said = run("flash", "--port", plug(board), *PLACE, "--wait", 0, desk=desk)
    assert said.code == 0, said.err
    assert "written" in said.out
    assert desk.devices[MAC].pending == 1


def test_a_claim_token_is_enough_for_one_board_and_says_where_it_stands(run, plug, desk):
    desk.once["claim_once"] = {"site": "genteng-kulon", "position": "kiosk-2"}
    board = Board(firmware=OnAir(desk))
    said = run("flash", "--port", plug(board), desk=desk, token="claim_once")
    assert said.code == 0, said.err
    assert board.firmware.there.wait(60)
    assert board.firmware.believed
    assert "genteng-kulon/kiosk-2  seen" in said.out

    other = Board(Silicon(mac="30aea4c0ffef"))
    said = run("flash", "--port", plug(other), desk=desk, token="claim_once")
    assert said.code == 7
    assert "This claim token has been used: ask for another one" in said.err
    assert not desk.half_trusted
    assert not other.loader.erased


def test_a_board_that_fails_gives_its_claim_token_back(run, plug, desk):
    desk.once["claim_once"] = {"site": "genteng-kulon", "position": "kiosk-2"}
    said = run("flash", "--port", plug(Board(corrupt=9)), desk=desk, token="claim_once")
    assert said.code == 8
    assert not desk.half_trusted


@pytest.mark.parametrize(
    ("status", "detail", "text"),
    [
        (401, "The token is not valid", "make another token at the controller"),
        (403, "Your account has no right to this", "take a token that has the right"),
        (404, "There is no such position", "check --site and --position"),
        (409, "Another device waits for this position", "look at the device and its position"),
        (500, "", "try again"),
    ],
)
def test_a_refused_claim_is_said_in_one_line_and_nothing_is_erased(status, detail, text, run, plug, desk, tmp_path):
    spoilt(desk, POST=(status, detail))
    board = Board()
    said = run("flash", "--port", plug(board), *PLACE, desk=desk)
    assert said.code == 7
    (line,) = said.err.splitlines()
    assert text in line
    assert detail in line
    assert not board.loader.erased
    assert not list(tmp_path.glob("work/*"))


def test_a_controller_out_of_reach_is_said_before_anything_is_erased(run, plug):
    board = Board()
    said = run("flash", "--port", plug(board), *PLACE, "--controller", "http://127.0.0.1:9")
    assert said.code == 6
    assert "out of reach" in said.err
    assert not board.loader.erased


def test_an_answer_that_no_device_could_use_cancels_its_claim(run, plug, desk):
    desk.extra = {"brokers": []}
    board = Board()
    said = run("flash", "--port", plug(board), *PLACE, desk=desk)
    assert said.code == 2
    assert "no usable brokers" in said.err
    assert not desk.half_trusted
    assert not board.loader.erased


def test_a_claim_that_cannot_be_cancelled_stays_kept_and_says_how_to_go_on(run, plug, desk, tmp_path):
    spoilt(desk, DELETE=(503, ""))
    said = run("flash", "--port", plug(Board(corrupt=9)), *PLACE, desk=desk)
    assert said.code == 8
    assert f"balai device cancel {MAC}" in said.err
    assert list(tmp_path.glob("work/*"))
    desk.answer = {}
    assert run("cancel", "30:AE:A4:C0:FF:EE", desk=desk).code == 0
    assert not desk.half_trusted
    assert not list(tmp_path.glob("work/*"))


def test_a_device_that_crashes_after_its_start_is_not_waited_for(run, plug, desk):
    class Crashing(OnAir):
        def started(self, files):
            self.words = b'Traceback (most recent call last):\r\n  File "main.py", line 1\r\nMemoryError: no room\r\n'

        words = b""

        def said(self):
            found, self.words = self.words, b""
            return found

    said = run("flash", "--port", plug(Board(firmware=Crashing(desk))), *PLACE, desk=desk)
    assert said.code == 9
    assert "MemoryError: no room" in said.err
    assert not desk.half_trusted


def test_plain_http_to_another_computer_is_refused(run, plug):
    board = Board()
    said = run("flash", "--port", plug(board), *PLACE, "--controller", "http://balai.example")
    assert said.code == 2
    assert "--plain-http" in said.err


# Many.


def boards(desk, *macs):
    """Boards that reach the controller."""
    return [Board(Silicon(mac=mac), OnAir(desk)) for mac in macs]


@pytest.fixture
def list_of(tmp_path):
    """Write a list of places."""

    def write(*lines):
        file = tmp_path / "places.csv"
        file.write_text("\n".join(("site,position", *lines)) + "\n")
        return file

    return write


def test_three_boards_at_once_of_which_one_fails(run, plug, desk, list_of, tmp_path):
    good, bad, other = (
        *boards(desk, "30aea4c00001"),
        Board(Silicon(mac="30aea4c00002"), corrupt=9),
        *boards(desk, "30aea4c00003"),
    )
    file = list_of(*(f"genteng-kulon,kiosk-{n}" for n in (1, 2, 3)))
    ports = [word for board in (good, bad, other) for word in ("--port", plug(board))]
    said = run("flash", *ports, "--list", file, "--report", tmp_path / "report.csv", desk=desk)
    assert said.code == 8, said.err
    assert good.firmware.believed
    assert other.firmware.believed
    assert not desk.half_trusted
    with (tmp_path / "report.csv").open() as lines:
        rows = {row["device"]: row for row in csv.DictReader(lines)}
    assert {mac[-1]: row["outcome"] for mac, row in rows.items()} == {"1": "seen", "2": "failed", "3": "seen"}
    assert rows["30aea4c00002"]["said"].startswith("the boot loader could not be written")
    assert rows["30aea4c00001"]["position"] == "kiosk-1"
    assert shows_no_secret(said, desk)
    assert not any(secret in (tmp_path / "report.csv").read_text() for secret in secrets_of(desk))


def test_running_it_again_does_what_is_left(run, plug, desk, list_of, tmp_path):
    """The report lies beside the list, where it is not named."""
    words = ("--list", list_of("genteng-kulon,kiosk-1", "genteng-kulon,kiosk-2"))
    bad = Board(Silicon(mac="30aea4c00002"), corrupt=9)
    good = boards(desk, "30aea4c00001")[0]
    assert run("flash", "--port", plug(good), "--port", plug(bad), *words, desk=desk).code == 8
    new = boards(desk, "30aea4c00004")[0]
    said = run("flash", "--port", plug(new), *words, desk=desk)
    assert said.code == 0, said.err
    assert "kiosk-1" not in said.out
    assert new.firmware.believed
    said = run("flash", "--port", plug(new), *words, desk=desk)
    assert said.code == 0
    assert f"all is done already, says {tmp_path / 'places.report.csv'}" in said.out


def test_next_board_please(run, plug, desk, list_of, monkeypatch):
    """One port; the technician swaps the board while the tool asks."""
    first, second = boards(desk, "30aea4c00001", "30aea4c00002")
    ports = iter((plug(first), plug(second)))
    one = next(ports)

    def swap(_self, pairs):
        two = next(ports)
        pairs[:] = [(two, place) for _, place in pairs]
        return ""

    monkeypatch.setattr("provisioning.flash.screen.Screen.next", swap)
    said = run(
        "flash", "--port", one, "--list", list_of("genteng-kulon,kiosk-1", "genteng-kulon,kiosk-2"), desk=desk, typed=""
    )
    assert said.code == 0, said.err
    assert first.firmware.believed
    assert second.firmware.believed


def test_a_board_that_was_left_in_is_not_made_twice(run, plug, desk, list_of):
    board = boards(desk, MAC)[0]
    file = list_of("genteng-kulon,kiosk-1", "genteng-kulon,kiosk-2")
    said = run("flash", "--port", plug(board), "--list", file, desk=desk, typed="\nn\n")
    assert said.code == 5
    assert "next board, please: genteng-kulon/kiosk-2" in said.out
    assert "was made already, for genteng-kulon/kiosk-1: put in the next one" in said.err
    assert desk.devices[MAC].generation == 1


def test_a_board_that_failed_is_tried_again_as_often_as_the_technician_wants(run, plug, desk):
    board = Board(firmware=OnAir(desk), corrupt=2)
    said = run("flash", "--port", plug(board), *PLACE, desk=desk, typed="\n\n")
    assert said.code == 0, said.err
    assert "try again, with this board or another?" in said.out
    assert desk.devices[MAC].generation == 1


def test_giving_up_cancels_the_claim(run, plug, desk):
    said = run("flash", "--port", plug(Board(corrupt=2)), *PLACE, desk=desk, typed="n\n")
    assert said.code == 8
    assert not desk.half_trusted


def test_stopping_leaves_what_was_not_begun_for_the_next_time(run, plug, desk, list_of):
    file = list_of(*(f"genteng-kulon,kiosk-{n}" for n in (1, 2, 3)))
    said = run("flash", "--port", plug(boards(desk, MAC)[0]), "--list", file, desk=desk, typed="q\n")
    assert said.code == 1
    assert "1 of 3 were not begun" in said.err
    assert "skipped" in said.out


def test_ctrl_c_keeps_the_claim_for_the_next_time(run, plug, desk, tmp_path, monkeypatch):
    """The board is being written when it comes."""
    board = Board(firmware=OnAir(desk))
    begun = threading.Event()

    class Stopped:
        def get(self):
            assert begun.wait(60)
            raise KeyboardInterrupt

        def put(self, _made):
            ended.set()

    ended = threading.Event()
    monkeypatch.setattr("provisioning.flash.batch.queue.Queue", Stopped)
    erase = board.loader._erase

    def watched(at, size):
        begun.set()
        erase(at, size)

    board.loader._erase = watched
    port = plug(board)
    said = run("flash", "--port", port, *PLACE, desk=desk)
    assert said.code == INTERRUPTED
    assert "run the same again" in said.err
    (kept,) = (tmp_path / "work").iterdir()
    assert json.loads(kept.read_text())["identity"]["generation"] == 1
    assert ended.wait(60), "its thread goes on only because this process does"
