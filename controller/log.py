"""What the controller says: one JSON object a line, or coloured lines on a terminal. Never a secret."""

import logging
import re
import sys
from typing import TextIO

import structlog
from structlog.typing import EventDict, Processor, WrappedLogger

from controller.settings import Settings

MASK = "********"
SECRET = re.compile(r"password|secret|token|authorization|cookie|csrf|credential|api_?key|private", re.IGNORECASE)
USERINFO = re.compile(r"(?<=://)([^/\s:@]*):[^/\s@]+@")
PARAMETERS = re.compile(r"\[parameters: .*?\](?=\n\(Background|\s*\Z)", re.DOTALL)  # of a statement that failed
LOUD = {"uvicorn.access": logging.ERROR, "alembic": logging.WARNING, "httpx": logging.WARNING}


def set_up(settings: Settings, stream: TextIO = sys.stderr) -> None:
    """Have every logger of this process write to `stream` as the settings say."""
    console = settings.log_format == "console" or (settings.log_format == "auto" and stream.isatty())
    shared: list[Processor] = [
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.PositionalArgumentsFormatter(),
        structlog.stdlib.ExtraAdder(),
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.StackInfoRenderer(),
        structlog.processors.format_exc_info,
        hide,
    ]
    last: list[Processor] = (
        # plain: the values of variables, which others show, may be secrets
        [structlog.dev.ConsoleRenderer(colors=stream.isatty(), exception_formatter=structlog.dev.plain_traceback)]
        if console
        else [
            structlog.processors.EventRenamer("message"),
            structlog.processors.JSONRenderer(default=str),
        ]
    )
    handler = logging.StreamHandler(stream)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *last],
        )
    )
    logging.basicConfig(handlers=[handler], level=settings.log_level.upper(), force=True)
    logging.captureWarnings(True)
    for name, level in LOUD.items():
        logging.getLogger(name).setLevel(max(level, logging.getLogger().level))


def hide(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    """Mask what is called like a secret, passwords in addresses and what statements were given, wherever they stand."""
    event.pop("color_message", None)  # uvicorn's second copy
    return {key: MASK if SECRET.search(key) else _hidden(value) for key, value in event.items()}


def _hidden(value: object) -> object:
    if isinstance(value, str):
        return PARAMETERS.sub(f"[parameters: {MASK}]", USERINFO.sub(rf"\1:{MASK}@", value))
    if isinstance(value, dict):
        return {key: MASK if SECRET.search(str(key)) else _hidden(one) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return [_hidden(one) for one in value]
    return value
