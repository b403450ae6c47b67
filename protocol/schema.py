"""JSON Schemas of every message, and `asyncapi.yaml` made from them: `python -m protocol.schema [--write]`.

CPython only. The fields of events come from `protocol.events`, which is what devices and the controller check by; what
stands here beside it is the rest of the contract (docs/contract.md).
"""

import json
import sys
from pathlib import Path
from typing import NamedTuple

import yaml

from protocol.canonical import LIMIT
from protocol.events import BATCH, KINDS, MAX_MS, MAX_SEQ

Schema = dict[str, object]

FILE = Path(__file__).with_name("asyncapi.yaml")
ID: Schema = {"type": "string", "pattern": "^[a-z0-9-]{1,32}$"}
OBJECT: Schema = {"type": "object"}
FLAG: Schema = {"type": "integer", "minimum": 0, "maximum": 1}
QUALITY: Schema = {"type": "integer", "minimum": 0, "maximum": 4, "description": "0 none, 1 floor, 2 chip, 3 us, 4 NTP"}
MOMENT: Schema = {"type": "integer", "minimum": 0, "maximum": MAX_MS, "description": "Unix ms"}
COUNT: Schema = {"type": "integer", "minimum": 0, "maximum": MAX_SEQ}
NUMBER: Schema = {"type": "integer", "minimum": 1, "maximum": MAX_SEQ}
KEY: Schema = {"type": "string", "maxLength": 40}
FORMS: dict[str, Schema] = {
    "int": COUNT,
    "keep": {"type": "integer", "minimum": -1, "maximum": MAX_SEQ},
    "flag": FLAG,
    "quality": QUALITY,
    "id": ID,
    "key": KEY,
    "text": {"type": "string", "maxLength": 64},
    "long": {"type": "string", "maxLength": 1024},
    "date": {"type": "string", "pattern": "^(.{10})?$"},
}


def text(longest: int = 64) -> Schema:
    """Return the schema of a text."""
    return {"type": "string", "maxLength": longest}


def obj(optional: str = "", **fields: Schema) -> Schema:
    """Return the schema of an object with these fields and whatever is added later; `optional` names some of them."""
    needed = [name for name in fields if name not in optional.split()]
    return {"type": "object", "properties": dict(fields), "required": needed}


def array(items: Schema, least: int = 0, most: int | None = None) -> Schema:
    """Return the schema of an array."""
    return {"type": "array", "items": items, "minItems": least, **({} if most is None else {"maxItems": most})}


def data(kind: str) -> Schema:
    """Return the schema of the data of an event."""
    fields: dict[str, Schema] = {}
    for name, form in KINDS[kind].items():
        fields[name] = FORMS[form.rstrip("?")] if isinstance(form, str) else {"enum": list(form)}
    return obj(" ".join(name for name in fields if KINDS[kind][name][-1] == "?"), **fields)


def event() -> Schema:
    """Return the schema of one event in a batch; kinds that are not known pass, with any object as their data."""
    parts: list[Schema] = [NUMBER, MOMENT, QUALITY, COUNT, {"type": "string", "pattern": "^[a-z0-9.-]{1,32}$"}]
    known = [
        {
            "if": {"prefixItems": [*[True] * 4, {"const": kind}], "minItems": 5},
            "then": {"prefixItems": [*[True] * 5, {"$ref": f"#/components/schemas/{kind}"}]},
        }
        for kind in KINDS
    ]
    return {
        "type": "array",
        "description": "[seq, t, q, up, kind, data]",
        "prefixItems": [*parts, OBJECT],
        "minItems": 6,
        "maxItems": 6,
        "allOf": known,
    }


class Message(NamedTuple):
    """One message: where it goes, who sends it ("device" or "controller"), how, and what it is."""

    address: str
    sender: str
    about: str
    payload: Schema
    qos: int = 1
    retain: bool = False


_SID: Schema = {"type": "string", "pattern": "^[0-9a-f]{16}$"}
_ONE: Schema = {"const": 1}
UPKEEP = "test_print test_display test_speaker log_level send_logs clear_wifi factory_reset".split()
_DOC: Schema = {**OBJECT, "description": "the configuration: docs/contract.md, section 3"}
MESSAGES: dict[str, Message] = {
    "state": Message(
        "balai/1/{device}/up/state",
        "device",
        "birth, state, and the will, which holds sid and online alone",
        obj(
            "role fw config rejected boots reset uptime heap rssi clock backlog code gen conn bad_conn rel bad_rel",
            sid=_SID,
            online=FLAG,
            role={"enum": ["kiosk", "display", "counter", "sensor"]},
            fw=text(),
            config=text(),
            rejected=text(),
            boots=COUNT,
            reset={"enum": ["power", "soft", "watchdog", "crash", "update", "unknown"]},
            uptime={**COUNT, "description": "s"},
            heap={**COUNT, "description": "bytes free"},
            rssi={"type": "integer", "description": "dBm, 0 without a radio"},
            clock=QUALITY,
            backlog=COUNT,
            code=text(),
            gen={**NUMBER, "description": "generation of the secret in use"},
            conn={**text(), "description": "hash of the connection document in force, empty for the identity's"},
            bad_conn={**text(), "description": "hash of the last connection document that did not work"},
            rel={**text(), "description": "release that runs, empty where the slot does not say"},
            bad_rel={**text(), "description": "last release that was refused or given up"},
        ),
        retain=True,
    ),
    "event": Message(
        "balai/1/{device}/up/event",
        "device",
        "durable events of one boot, in the order of their seq",
        obj(v=_ONE, log=ID, boot=NUMBER, lo=NUMBER, e=array({"$ref": "#/components/schemas/event"}, 1, BATCH)),
    ),
    "reading": Message(
        "balai/1/{device}/up/reading",
        "device",
        "readings: [up ms, sensor, scaled integer]",
        obj(v=_ONE, boot=NUMBER, r=array({"type": "array", "prefixItems": [COUNT, ID, {"type": "integer"}]}, 1)),
        qos=0,
    ),
    "reply": Message(
        "balai/1/{device}/up/reply",
        "device",
        "what became of a command, or of a configuration, whose id is its hash",
        obj(
            "reason result",
            id=text(),
            outcome={"enum": ["done", "refused", "failed"]},
            reason=text(1024),
            result=OBJECT,
        ),
    ),
    "request": Message(
        "balai/1/{device}/up/request",
        "device",
        "the device asks for its configuration, a part of a blob, or a queue command at the leader",
        obj(id=text(), op={"enum": ["config", "blob", "queue"]}, args=OBJECT),
    ),
    "ack": Message(
        "balai/1/{device}/down/ack",
        "controller",
        "every event of the log up to seq is committed; rate: events a second while draining, 0 for no limit",
        obj(log={"anyOf": [ID, {"const": ""}]}, seq=COUNT, now=MOMENT, rate=COUNT),
    ),
    "config": Message(
        "balai/1/{device}/down/config", "controller", "its configuration", obj(rev=COUNT, hash=text(), doc=_DOC)
    ),
    "command": Message(
        "balai/1/{device}/down/command",
        "controller",
        "a command, void after `expires`; never retained",
        obj(
            id=text(),
            expires=MOMENT,
            op={"enum": ["queue", "lead", "birth", "identify", "reboot", "connect", "update", "cancel", *UPKEEP]},
            args=OBJECT,
        ),
    ),
    "response": Message(
        "balai/1/{device}/down/response",
        "controller",
        "the answer to a request; a chunk of a blob is binary (docs/contract.md, section 2)",
        obj("result reason", id=text(), ok=FLAG, result=OBJECT, reason=text()),
    ),
    "board": Message(
        "balai/1/site/{site}/board",
        "controller",
        "what a hall's displays show",
        obj(
            day=COUNT,
            term=COUNT,
            rev=COUNT,
            line={"enum": ["up", "down", "local"]},
            services=array(obj(id=ID, waiting=COUNT, open=FLAG)),
            calls=array(obj(c=COUNT, no=COUNT, service=ID, counter=ID, ago=COUNT), 0, 5),
            counters=array(obj(id=ID, no=COUNT, state={"enum": ["", "called", "serving"]})),
        ),
        retain=True,
    ),
    "controller": Message(
        "balai/1/controller/state",
        "controller",
        "whether the controller is there",
        obj(online=FLAG, sid={"type": "string"}),
        retain=True,
    ),
}


def schemas() -> dict[str, Schema]:
    """Return every schema by name: the kinds of events, `event`, and the bodies of messages as `message.<name>`."""
    made: dict[str, Schema] = {kind: data(kind) for kind in KINDS}
    made["event"] = event()
    made |= {f"message.{name}": message.payload for name, message in MESSAGES.items()}
    return made


def document() -> dict[str, object]:
    """Return the AsyncAPI 3.0 document, told from the controller's side."""
    channels, operations, messages = {}, {}, {}
    for name, message in MESSAGES.items():
        words = [word[1:-1] for word in message.address.split("/") if word.startswith("{")]
        channels[name] = {
            "address": message.address,
            "messages": {name: {"$ref": f"#/components/messages/{name}"}},
            **({"parameters": {word: {"description": f"id of the {word}"} for word in words}} if words else {}),
        }
        operations[name] = {
            "action": "receive" if message.sender == "device" else "send",
            "channel": {"$ref": f"#/channels/{name}"},
            "bindings": {"mqtt": {"qos": message.qos, "retain": message.retain}},
        }
        messages[name] = {
            "summary": message.about,
            "contentType": "application/json",
            "payload": {"$ref": f"#/components/schemas/message.{name}"},
        }
    return {
        "asyncapi": "3.0.0",
        "info": {
            "title": "Balai",
            "version": "1",
            "description": f"Devices of public service halls and their controller over MQTT 3.1.1. Bodies are canonical"
            f" JSON of at most {LIMIT} bytes, all numbers whole. Made from protocol/schema.py; do not edit.",
            "license": {"name": "Apache-2.0"},
        },
        "defaultContentType": "application/json",
        "channels": channels,
        "operations": operations,
        "components": {"messages": messages, "schemas": schemas()},
    }


def made() -> str:
    """Return what `asyncapi.yaml` must hold."""
    plain = json.loads(json.dumps(document()))  # else what stands in several places would become an alias
    return yaml.safe_dump(plain, sort_keys=False, allow_unicode=True, width=110)


if __name__ == "__main__":
    if "--write" in sys.argv[1:]:
        FILE.write_text(made())
    sys.exit(FILE.read_text() != made())
