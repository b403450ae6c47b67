"""What can stop the making of a device, drawn as a tree, and the exit code that `balai device` ends with for each.

ProvisioningError        1
    BuildError           1   the firmware does not compile, or does not fit
    UsageError           2   what was asked for makes no sense
    ImageError           3   no MicroPython image that can be used
    PortError            4   a serial port is missing, busy or silent
    BoardError           5   the wrong chip, too little flash, a locked chip
    ControllerError      6   the controller is out of reach
        RefusedError     7   the controller said no
    WriteError           8   the flash could not be written, or does not hold what was written
    BootError            9   the board does not start, or starts another interpreter
    UnseenError         10   the controller has not seen the device
    DiskError           11   this computer's disk does not take a file

Each text is one line: what happened, and what to do. It never holds a secret.
"""

INTERRUPTED = 130  # exit code of a command that was stopped by hand, as shells have it


class ProvisioningError(Exception):
    """A device could not be made; the text says why and what to do."""

    code = 1


class BuildError(ProvisioningError):
    """The firmware does not compile, or does not fit into the flash."""


class UsageError(ProvisioningError):
    """What was asked for makes no sense."""

    code = 2


class ImageError(ProvisioningError):
    """There is no MicroPython image that can be used."""

    code = 3


class PortError(ProvisioningError):
    """A serial port is missing, busy, or nothing answers at it."""

    code = 4


class BoardError(ProvisioningError):
    """The board is not one that can be made into this device."""

    code = 5


class ControllerError(ProvisioningError):
    """The controller does not answer."""

    code = 6


class RefusedError(ControllerError):
    """The controller answered no. `status` is that of HTTP."""

    code = 7

    def __init__(self, text: str, status: int = 0) -> None:
        super().__init__(text)
        self.status = status


class WriteError(ProvisioningError):
    """The flash could not be written, or does not hold what was written."""

    code = 8


class BootError(ProvisioningError):
    """The board does not start, or starts another interpreter."""

    code = 9


class UnseenError(ProvisioningError):
    """The device starts, and the controller has not seen it."""

    code = 10


class DiskError(ProvisioningError):
    """This computer's disk does not take a file."""

    code = 11
