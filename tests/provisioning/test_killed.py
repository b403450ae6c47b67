"""The tool is killed at any point: running the same command again makes the device, with one claim."""

import os
import resource
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator

import pytest

from tests.provisioning.chip.board import Board
from tests.provisioning.desk import TOKEN, OnAir

MAC = "30aea4c0ffee"
BALAI = [sys.executable, "-c", "from controller.cli import main; main()", "device"]


Begin = Callable[..., "subprocess.Popen[str]"]


@pytest.fixture
def begin(desk, stock, tmp_path) -> Iterator[Begin]:
    """Start `balai device` as a process of its own, as from a terminal; it is ended with the test."""
    begun: list[subprocess.Popen[str]] = []
    given = ("--controller", desk.address, "--image", stock, "--work", tmp_path / "work", "--cache", tmp_path / "cache")

    def one(*words: object, before: Callable[[], None] = lambda: None) -> "subprocess.Popen[str]":
        def prepare() -> None:
            signal.signal(signal.SIGINT, signal.SIG_DFL)  # a shell lets its jobs in the background ignore Ctrl-C
            before()

        process = subprocess.Popen(
            [*BALAI, *(str(word) for word in (*words, *given))],
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
            env={**os.environ, "BALAI_TOKEN": TOKEN}, preexec_fn=prepare,
        )  # fmt: skip
        begun.append(process)
        return process

    yield one
    for process in begun:
        process.kill()
        process.communicate()


POINTS = ["claimed", pytest.param("erasing", marks=pytest.mark.soak), "writing the application"]
POINTS += [pytest.param("writing the files", marks=pytest.mark.soak), "started"]


@pytest.mark.parametrize("point", POINTS)
def test_it_is_repaired_by_the_same_command(point, desk, begin, plug, tmp_path):
    board = Board(firmware=OnAir(desk))
    words = ("flash", "--port", plug(board), "--site", "genteng-kulon", "--position", "kiosk-1")
    process = begin(*words)
    kill = process.kill
    erase, block = board.loader._erase, board.loader._block

    def erasing(at, size):
        if (
            point == "erasing"
            or (point == "claimed" and not board.loader.erased)
            or (point == "writing the files" and at == 0x350000)
        ):
            kill()
        erase(at, size)

    def writing(data):
        if point == "writing the application" and board.loader._at > 0x80000:
            kill()
        return block(data)

    board.loader._erase, board.loader._block = erasing, writing
    if point == "started":
        board.on_run = kill
    assert process.wait(60) == -signal.SIGKILL
    process.communicate()
    board.loader._erase, board.loader._block, board.on_run = erase, block, lambda: None

    again = begin(*words)
    out, err = again.communicate(timeout=60)
    assert again.returncode == 0, err + out
    assert desk.devices[MAC].generation == 1, "not another claim"
    assert not desk.half_trusted
    assert not list((tmp_path / "work").iterdir())


def test_ctrl_c_is_one_line_and_130(desk, begin, plug):
    board = Board()
    words = ("flash", "--port", plug(board), "--site", "genteng-kulon", "--position", "kiosk-1")
    process = begin(*words)
    board.on_run = lambda: process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=60)
    assert process.returncode == 130, err
    assert err.splitlines() == ["balai: stopped: run the same again to go on"]
    assert desk.devices[MAC].pending == 1


def test_a_full_disk_is_one_line_and_leaves_no_claim(desk, begin, tmp_path):
    """The file is larger than what the account may write."""
    words = (
        "image",
        "--device",
        MAC,
        "--site",
        "genteng-kulon",
        "--position",
        "kiosk-1",
        "--out",
        tmp_path / "kiosk.bin",
    )
    limit = lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (1 << 20, 1 << 20))  # noqa: E731
    process = begin(*words, before=limit)
    _, err = process.communicate(timeout=60)
    assert process.returncode == 11, err
    (line,) = err.splitlines()
    assert "kiosk.bin cannot be written" in line
    assert "make room" in line
    assert not desk.half_trusted
    assert not list(tmp_path.glob("*kiosk*")), "nothing of it stays, for it holds the secret"
    assert not list((tmp_path / "work").iterdir())
