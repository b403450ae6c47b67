"""Orders that keep a device in order: what it says, what it has said, and how it forgets."""

from firmware import orders
from firmware.core import crashlog
from firmware.core.console import ALL, console
from firmware.core.flash import frames, reset
from firmware.core.flash.identity import Identity

OPS = ("log_level", "send_logs", "clear_wifi", "factory_reset")
PIECE = 900  # characters of the ring in one reply: with the crash, and every one escaped, a message still holds it
HIDDEN = "***"


def carry_out(op: str, args, answer, device) -> None:
    """Carry out one of them and answer. `device`: the Orders. Raises OSError where the flash fails."""
    if op == "log_level":
        answer(*_log_level(args, device.settings))
    elif op == "send_logs":
        _send_logs(answer, device)
    elif op == "clear_wifi":
        answer(*_clear_wifi(device))
    else:
        answer(*_factory_reset(args, device))


def _log_level(args, settings):
    level = args.get("level")
    if type(level) is not int or not 0 <= level <= ALL:
        return "refused", "bad_args"
    settings.save(orders.LEVEL, level)
    console.level = level
    return "done", ""


def _send_logs(answer, device):
    """The last lines in as many replies as they need, with the last crash in the first."""
    hidden = _secrets(device)
    text = without(hidden, last_lines())
    kept = frames.load(crashlog.LAST)
    crash = without(hidden, kept.decode() if kept else "")
    parts = max(1, (len(text) + PIECE - 1) // PIECE)
    for part in range(parts):
        result = {"part": part + 1, "parts": parts, "log": text[part * PIECE : (part + 1) * PIECE]}
        if not part:
            result["crash"] = crash
        answer("done", "", result)


def last_lines() -> str:
    """What the ring holds, whole lines, the oldest first; what is not ASCII as "?"."""
    ring, at = console.ring, console.at
    data = bytes(ring[at:]) + bytes(ring[:at])
    if data[0]:  # it has come round: of the oldest line only the end is left
        data = data[data.find(b"\n") + 1 :]
    return "".join([chr(byte) if 32 <= byte < 127 or byte == 10 else "?" for byte in data if byte])


def without(secrets, text: str) -> str:
    """A text in which no secret stands."""
    for one in secrets:
        text = text.replace(one, HIDDEN)
    return text


def _secrets(device):
    """Everything that nobody may read: the longest first, for one may stand in another."""
    identity = device.identity
    kept = device.settings.load("connection") or {}
    documents = [kept.get("set") or {}, (kept.get("trial") or {}).get("doc") or {}]
    networks = list(identity.networks) + ([kept["hall"]] if kept.get("hall") else [])
    found = [identity.secret]
    for doc in documents:
        found.append(doc.get("secret", ""))
        networks += doc.get("networks", ())
    found += [password for _, password in networks]
    return sorted([one for one in found if one], key=lambda one: -len(one))


def _clear_wifi(device):
    if not device.identity.networks:
        return "refused", "no_networks"
    kept = device.connection.load()
    if kept["hall"] or "networks" in kept["set"]:
        kept["hall"] = []
        device.connection.change(kept)
    return "done", ""


def _factory_reset(args, device):
    """Note that all is to be forgotten, which the next boot does (`core.flash.reset`), and restart."""
    force = args.get("force", 0)
    if force not in (0, 1):
        return "refused", "bad_args"
    if device.updates.trial:
        return "refused", "trial"
    if device.journal.backlog and not force:
        return "refused", "backlog"
    if _moved(device):
        return "refused", "moved"
    if device.leader is not None:
        device.journal.snapshot(device.leader.state.dump())  # so that the hall's queue needs no event before
    reset.begin(device.settings, bool(device.identity.networks))
    device.restart(lambda: True)
    return "done", ""


def _moved(device):
    """Whether it leads elsewhere than it was flashed for: it would boot there first, and forget the hall's queue."""
    now, flashed = device.identity, Identity(device.board.root + "/identity.json")
    return (
        device.leader is not None
        and flashed.position
        and ((flashed.site, flashed.position) != (now.site, now.position))
    )
