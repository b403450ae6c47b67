"""Debian's chromium, as the tests of pages start it."""

import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import pytest
from playwright.sync_api import Browser, sync_playwright


def program() -> str:
    """Return where chromium is; without it the test that asks is skipped and says why."""
    path = shutil.which("chromium")
    if path is None:
        pytest.skip("no chromium on this machine: install Debian's package chromium")
    return path


@contextmanager
def started(options: Sequence[str] = ("--no-sandbox",)) -> Iterator[Browser]:
    """Give a running browser, headless."""
    path = program()
    with sync_playwright() as playwright:
        one = playwright.chromium.launch(executable_path=path, args=list(options))
        yield one
        one.close()
