"""Serial ports: which there are, and one that is open."""

import errno
from dataclasses import dataclass

import serial  # type: ignore[import-untyped]  # ships no types
from esp_pylib.serial_ports import get_port_list

from provisioning.errors import PortError

BAUD = 115_200  # of the ROM and of MicroPython's console
_WRITE_S = 10


@dataclass(frozen=True)
class Port:
    """A serial port with something on USB behind it."""

    name: str
    about: str


def found() -> list[Port]:
    """Return the ports with USB behind them, chips of Espressif first."""
    return [Port(str(one.device), str(one.description)) for one in get_port_list() if one.vid is not None]


def open_port(name: str) -> serial.SerialBase:
    """Open a port, a device or an URL of pyserial (`rfc2217://host:port`), for this process alone.

    Raises PortError.
    """
    try:
        port = serial.serial_for_url(name, BAUD, exclusive=True, do_not_open=True)
        port.open()
    except (OSError, ValueError) as error:  # SerialException is an OSError
        raise PortError(f"the port {name} cannot be opened: {_advice(error)}") from error
    return port


def _advice(error: Exception) -> str:
    number = getattr(error, "errno", None)
    if number == errno.EACCES:
        return "this account may not; add it to the group dialout, and sign in anew"
    if number in (errno.EBUSY, errno.EWOULDBLOCK):
        return "another program has it; end that one"
    if number in (errno.ENOENT, errno.ENXIO, errno.ENODEV):
        return "it is not there; plug the board in, and look with `balai device ports`"
    return f"{str(error).partition(': ')[0]}; look with `balai device ports`"
