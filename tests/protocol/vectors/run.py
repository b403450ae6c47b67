"""Carries out the test vectors, on CPython and on MicroPython alike: `run.py ROOT FILE...` prints what each one gives.

One line a vector: the file, the number of the vector, and the canonical bytes of what it gave.
"""

import json
import sys


def canonical(vector):
    """`make` or `json`, encoded; `text` (UTF-8) or `hex`, decoded and encoded again."""
    from protocol.canonical import LIMIT, decode, encode

    limit = vector.get("limit", LIMIT)
    if "text" in vector or "hex" in vector:
        data = vector["text"].encode() if "text" in vector else bytes.fromhex(vector["hex"])
        return {"bytes": encode(decode(data, limit)).decode()}
    value = vector["value"] if "value" in vector else made(vector["make"])
    return {"bytes": encode(value, limit).decode()}


def made(name):
    """Values that a file of JSON cannot hold."""
    kind, _, size = name.partition(" ")
    if kind in ("nested", "objects"):
        value = 0
        for _ in range(int(size)):
            value = [value] if kind == "nested" else {"a": value}
        return value
    if kind == "power":
        return 1 << int(size)
    if kind == "minus-power":
        return -(1 << int(size))
    return {
        "float": lambda: 1.5,
        "whole-float": lambda: 1.0,
        "nan": lambda: float("nan"),
        "infinity": lambda: float("inf"),
        "bytes": lambda: b"a",
        "set": lambda: {1},
        "number-key": lambda: {1: 2},
        "mixed-keys": lambda: {1: 2, "a": 3},
        "none-key": lambda: {None: 2},
        "tuple": lambda: (1, "two", (3,)),
        "controls": lambda: "".join(chr(code) for code in range(33)) + "\x7f",
    }[kind]()


def topics(vector):
    """`parse` a topic, or build one: `up`, `down`, `board`."""
    from protocol import topics

    if "parse" in vector:
        topic = topics.parse(vector["parse"])
        return {"kind": topic.kind, "id": topic.id, "what": topic.what}
    if "board" in vector:
        return {"topic": topics.board(vector["board"])}
    which = "up" if "up" in vector else "down"
    return {"topic": getattr(topics, which)(*vector[which])}


def events(vector):
    """`check` the data of a kind, an `event` of six parts, or an `envelope`."""
    from protocol import events
    from protocol.canonical import encode

    if "check" in vector:
        events.check(*vector["check"])
        return {"bytes": encode(vector["check"][1]).decode()}
    if "event" in vector:
        events.check_event(vector["event"])
        return {"bytes": encode(vector["event"]).decode()}
    value = events.envelope(*vector["batch"]) if "batch" in vector else vector["envelope"]
    events.check_envelope(value)
    for event in value["e"]:
        events.check_event(event)
    return {"bytes": encode(value).decode()}


def queue(vector):
    """Commands with readings of the clock; after each the outcome, the events and the board, at the end the state.

    A step is [t, q, command], ["me", position], ["late", kind, data, t], or ["boot"]: the state by way of a snapshot.
    """
    from protocol.board import board
    from protocol.canonical import encode
    from protocol.errors import Refused
    from protocol.queue import Now, Rules, State, answer, apply, decide, outcome, waiting

    state, rules, steps = State(), None, []
    for step in vector["steps"]:
        if step[0] == "me":
            rules = Rules(vector["doc"], step[1])
        elif step[0] == "boot":
            state = State.load(json.loads(encode(state.dump(), 1 << 20)))
        elif step[0] == "late":
            apply(state, step[1], step[2], step[3])
            steps.append({"waiting": [ticket.no for ticket in waiting(state)]})
        else:
            t, q, command = step
            now = Now(t, q)
            found = answer(state, command["key"])
            made = []
            if found is None:
                try:
                    made = decide(state, rules, command, now)
                    for kind, data in made:
                        apply(state, kind, data, t)
                    found = outcome(command["key"], made, state)
                except Refused as refusal:
                    found = {"refused": refusal.reason}
            shown = encode(board(state, rules, now, "up")).decode()
            steps.append({"outcome": found, "events": [list(event) for event in made], "board": shown})
    return {
        "steps": steps,
        "waiting": [ticket.no for ticket in waiting(state)],
        "state": encode(state.dump(), 1 << 20).decode(),
    }


def announce(vector):
    """The label and the clips of a call."""
    from protocol.announce import clips, label

    letter, no, counter, lang = vector["call"]
    return {"label": label(letter, no), "clips": clips(letter, no, counter, lang)}


def signing(vector):
    """An HMAC: key and message in hex."""
    from protocol.signing import hmac

    key, message = (bytes.fromhex(one) for one in vector["hmac"])
    return {"hex": hmac(key, message).hex()}


RUNNERS = {
    "canonical": canonical,
    "topics": topics,
    "events": events,
    "queue": queue,
    "announce": announce,
    "signing": signing,
}


def carry_out(name, vector):
    """What a vector gives, or the class of the contract's error that it raises."""
    from protocol.errors import BadMessage, BadTopic

    try:
        return RUNNERS[name](vector)
    except BadTopic:
        return {"error": "BadTopic"}
    except BadMessage:
        return {"error": "BadMessage"}
    except ValueError:
        return {"error": "ValueError"}


def main(root, paths):
    """Print one line for each vector of the files."""
    sys.path.insert(0, root)
    from protocol.canonical import encode

    for path in paths:
        name = path.split("/")[-1].split(".")[0]
        with open(path) as file:
            vectors = json.load(file)
        for i, entry in enumerate(vectors):
            print(name, i, encode(carry_out(name, entry["in"]), 1 << 20).decode())


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2:])
