"""The reset lines: RTS pulls EN, DTR pulls IO0, and both together pull neither."""

import pytest

from provisioning.flash.chip import Chip
from provisioning.flash.console import Console
from provisioning.image.build import build
from tests.provisioning.chip.board import Board
from tests.provisioning.chip.wires import Network


@pytest.mark.soak
@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # in pyserial
def test_a_running_board_is_put_into_its_loader_and_back_to_work(esp32):
    """Over RFC 2217, which carries the lines; each command takes its time there."""
    image = build(esp32, b"{}")
    board = Board()
    board.loader.memory[: len(image.whole())] = image.whole()
    board.run()
    with Network(board) as wire, Chip(wire.name) as chip:
        assert chip.facts.mac == "30aea4c0ffee"
        assert board.runs == 1, "it was taken out of its work"
        console = Console(chip.port)
        chip.start()
        assert console.interpreter(20) == "1.25.0"
        assert board.runs == 2
        assert not board.low, "nothing holds it in reset"
