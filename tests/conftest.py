"""What all tests share: how hypothesis works here, a browser, and on which boards a bench stands."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings
from playwright.sync_api import Browser

from hil.boards import Boards, named
from hil.console import ConsoleError
from tests.browser import started

# A machine that is busy with something else fails no test; what does fail can be repeated from what was printed.
settings.register_profile("balai", deadline=None, suppress_health_check=[HealthCheck.too_slow], print_blob=True)
settings.load_profile("balai")


def pytest_addoption(parser: pytest.Parser) -> None:
    """Let scenarios run on real boards."""
    group = parser.getgroup("bench", "on which boards scenarios run; virtual ones unless told")
    ports = "serial:///dev/ttyUSB0 or socket://host:port: the kiosk, or the device called NAME"
    group.addoption("--bench", action="append", default=[], metavar="[NAME=]URL", help=ports)
    group.addoption("--bench-host", default="127.0.0.1", help="this machine, as the boards see it")
    group.addoption("--bench-mac", action="append", default=[], metavar="[NAME=]MAC", help="of a device on a socket")
    group.addoption("--bench-flash", default="", help="command that gives an emulator its flash, the file {image}")
    group.addoption("--bench-image", type=Path, help="MicroPython's .bin, rather than the one that is fetched")
    group.addoption("--bench-wifi", default="", metavar="NAME:PASSWORD", help="network to which the boards have a way")


@pytest.fixture(scope="session")
def boards(request: pytest.FixtureRequest) -> Boards:
    """Give the real boards that were named on the command line."""
    option = request.config.getoption
    name, _, password = option("--bench-wifi").partition(":")
    return Boards(
        named(option("--bench")),
        option("--bench-host"),
        named(option("--bench-mac")),
        option("--bench-flash"),
        option("--bench-image"),
        [[name, password]] if name else [],
    )


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    """Give a running browser."""
    with started() as one:
        yield one


@pytest.hookimpl(wrapper=True)
def pytest_pyfunc_call(pyfuncitem: pytest.Function) -> Iterator[None]:
    """Where a bench cannot do what a test asks of it, the test says so and is no failure."""
    try:
        return (yield)
    except ConsoleError as error:
        if not pyfuncitem.config.getoption("--bench"):
            raise
        pytest.skip(f"this bench cannot: {error}")
