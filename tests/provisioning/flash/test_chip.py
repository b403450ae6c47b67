"""A board on a wire, as esptool meets it: read before anything is erased, written, read back, started."""

import hashlib
from pathlib import Path

import pytest

from provisioning.boards import BOARDS
from provisioning.errors import BoardError, PortError, WriteError
from provisioning.flash.chip import Chip, check
from provisioning.flash.console import Console
from provisioning.image.build import Part, build
from tests.provisioning.chip.board import Board
from tests.provisioning.chip.silicon import Silicon

SMALL = (Part("first", 0x10000, bytes(range(256)) * 40), Part("second", 0x20000, b"\xff" * 0x3000 + b"end"))


def holds(board: Board, parts: tuple[Part, ...]) -> bool:
    """Whether a board's flash is what was meant."""
    return all(board.loader.memory[one.offset : one.offset + len(one.data)] == one.data for one in parts)


@pytest.mark.parametrize("stub", [True, False], ids=["stub", "rom"])
@pytest.mark.parametrize("name", ["esp32", "esp32s3", "esp32c3"])
def test_it_is_read_before_anything_is_erased(name, stub, plug):
    silicon = Silicon(name, mac="7cdfa1c0de55", flash=8 << 20)
    board = Board(silicon)
    with Chip(plug(board), stub=stub) as chip:
        assert chip.facts.mac == "7cdfa1c0de55"
        assert chip.facts.flash == 8 << 20
        assert chip.facts.chip == silicon.rom.CHIP_NAME
        assert board.loader.stub == stub
        assert not board.loader.erased
        chip.write(SMALL)
    assert holds(board, SMALL)


def test_a_whole_image_is_written_to_the_byte(esp32, plug):
    image = build(esp32, b"{}")
    board = Board()
    board.loader.memory[:] = b"\x00" * len(board.loader.memory)  # whatever was there before
    told: list[float] = []
    with Chip(plug(board)) as chip:
        chip.write(image.parts, told.append)
    assert holds(board, image.parts)
    assert told == sorted(told)
    assert told[-1] == 1.0
    assert len(told) > 20


def test_after_the_writing_it_starts_and_introduces_itself(esp32, plug):
    image = build(esp32, b"{}")
    board = Board()
    board.loader.memory[: len(image.whole())] = image.whole()
    with Chip(plug(board)) as chip:
        console = Console(chip.port)
        chip.start()
        assert console.interpreter(10) == "1.25.0"
    assert board.runs == 1


@pytest.mark.parametrize(
    "faults",
    [{"garbage": 2}, {"lost": 1}, {"lost": 5}],
    ids=["noise before the first answers", "a byte of the first answer", "a byte of the fifth answer"],
)
def test_noise_while_connecting_is_got_over(faults, plug):
    with Chip(plug(Board(**faults))) as chip:
        assert chip.facts.mac == "30aea4c0ffee"


def test_a_block_that_arrives_torn_is_sent_again(plug):
    """By the ROM loader: a wrong checksum is answered with an error, and esptool repeats the block."""

    class Noisy(Board):
        def take(self, data: bytes, baud: int) -> None:
            if len(data) > 500 and not self.torn:
                self.torn = True
                data = data[:300] + bytes((data[300] ^ 1,)) + data[301:]
            super().take(data, baud)

        torn = False

    board = Noisy()
    with Chip(plug(board), stub=False) as chip:
        chip.write(SMALL)
    assert board.torn
    assert holds(board, SMALL)


@pytest.mark.parametrize("faults", [{"corrupt": 1}, {"weak": 0x10005}], ids=["a bit turned over", "a dead cell"])
def test_what_is_not_read_back_as_written_is_an_error(faults, plug):
    board = Board(**faults)
    with Chip(plug(board)) as chip, pytest.raises(WriteError, match=r"MD5.*another cable, then another board"):
        chip.write((Part("first", 0x10000, hashlib.sha256(b"").digest() * 2000),))


def test_a_cable_pulled_while_writing_is_an_error(plug):
    board = Board(unplugged=1)
    with Chip(plug(board)) as chip, pytest.raises(WriteError, match="first"):
        chip.write(SMALL)


def test_a_port_that_says_nothing_is_an_error(plug):
    with pytest.raises(PortError, match=r"no board answers at .*: hold BOOT and press EN"):
        Chip(plug(Board(deaf=True)))


def test_a_port_that_is_not_there_is_an_error(tmp_path):
    with pytest.raises(PortError, match="it is not there; plug the board in"):
        Chip(str(tmp_path / "ttyUSB9"))


def test_a_port_that_another_program_has_is_an_error(plug):
    port = plug(Board())
    with Chip(port), pytest.raises(PortError, match="another program has it"):
        Chip(port)


def test_a_chip_that_no_board_has_is_an_error(plug):
    with pytest.raises(BoardError, match=r"is an ESP32-S2: take .*ESP32-C3"):
        Chip(plug(Board(Silicon("esp32s2"))))


@pytest.mark.parametrize("name", ["esp32", "esp32c3"])
def test_a_locked_chip_is_an_error_and_stays_as_it_is(name, plug):
    board = Board(Silicon(name, locked=True))
    with pytest.raises(BoardError, match="locked"):
        Chip(plug(board))
    assert not board.loader.erased


def test_another_chip_and_too_little_flash_are_errors_that_name_both(plug):
    with Chip(plug(Board(Silicon("esp32c3")))) as chip:
        with pytest.raises(BoardError, match="an ESP32-C3, not an ESP32"):
            check(chip.facts, BOARDS["esp32"], 4 << 20, chip.name)
        with pytest.raises(BoardError, match="has 4 MB of flash, and needs 8"):
            check(chip.facts, BOARDS["esp32-c3"], 8 << 20, chip.name)


def test_esptool_prints_nothing(plug, capfd):
    with Chip(plug(Board())) as chip:
        chip.write(SMALL)
        chip.start()
    assert capfd.readouterr() == ("", "")


def test_its_words_are_not_written_anywhere(plug, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with Chip(plug(Board())) as chip:
        chip.write((Part("files", 0x10000, b"rahasia" * 100),))
    assert not list(Path(tmp_path).iterdir())
