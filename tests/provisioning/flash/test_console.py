"""What a board's first words mean."""

import os
import pty

import pytest
import serial
from hypothesis import given
from hypothesis import strategies as st

from provisioning.errors import BootError
from provisioning.flash.console import Console, check, crash, trouble

BOOT = "ets Jul 29 2019 12:21:46\r\n\r\nrst:0x1 (POWERON_RESET),boot:0x13 (SPI_FAST_FLASH_BOOT)\r\nentry 0x400805b0\r\n"


@pytest.mark.parametrize(
    ("said", "todo"),
    [
        ("rst:0x1 (POWERON_RESET),boot:0x3 (DOWNLOAD_BOOT(UART0))\r\nwaiting for download\r\n", "let go of BOOT"),
        ("\r\nBrownout detector was triggered\r\n", "another cable"),
        ("invalid header: 0xffffffff\r\ninvalid header: 0xffffffff\r\n", "another board"),
        ("flash read err, 1000\r\n", "another board"),
        ("E (58) esp_image: Image hash failed - image is corrupt\r\n", "run it again"),
        ("E (50) boot: No bootable app partitions in the partition table\r\n", "run it again"),
        ("Guru Meditation Error: Core  0 panic'ed (LoadProhibited). Exception was unhandled.\r\n", "another board"),
        ("The filesystem appears to be corrupted. If you had important data there, you\r\n", "run it again"),
    ],
)
def test_what_goes_wrong_at_a_start_says_what_to_do(said, todo):
    found = trouble(BOOT + said)
    assert found is not None
    assert todo in found
    assert "\n" not in found


@given(st.text(st.characters(codec="ascii"), max_size=200))
def test_a_usual_start_is_no_trouble(log):
    assert trouble(BOOT) is None
    assert crash(BOOT) is None
    trouble(log)
    crash(log)


def test_the_error_that_the_firmware_ends_with_is_found():
    said = (
        'Traceback (most recent call last):\r\n  File "main.py", line 103, in main\r\n'
        '  File "firmware/core/flash/identity.py", line 30, in __init__\r\n'
        "IdentityError: no identity: flash this device again, or claim it at the controller\r\n"
    )
    assert crash(BOOT + said) == "IdentityError: no identity: flash this device again, or claim it at the controller"


def test_another_interpreter_is_an_error():
    check("1.25.0")
    for other in ("1.24.1", "1.25.0-preview", "1.26.0"):
        with pytest.raises(BootError, match=other):
            check(other)


def test_a_board_that_says_nothing_is_an_error():
    reminded: list[int] = []
    master, slave = pty.openpty()
    with serial.Serial(os.ttyname(slave)) as port, pytest.raises(BootError, match=r"says nothing.*press EN"):
        Console(port).interpreter(4, lambda: reminded.append(1))
    assert reminded, "it asked somebody to press EN meanwhile"
    for handle in (master, slave):
        os.close(handle)


def test_a_version_that_comes_in_pieces_among_noise_is_found():
    master, slave = pty.openpty()
    with serial.Serial(os.ttyname(slave)) as port:
        for piece in (b"\xff\xfe\x00", BOOT.encode(), b"MicroPython v1.2", b"5.0 on 2025-04-15; Generic"):
            os.write(master, piece)
        assert Console(port).interpreter(5) == "1.25.0"
    for handle in (master, slave):
        os.close(handle)
