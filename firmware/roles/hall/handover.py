"""A new leader goes on from the state of the one before. Loaded for a grant, and given back."""

import json

from firmware.core.uplink.blob import BlobError, fetch
from firmware.roles.hall.leader import QUEUE_KINDS
from protocol.queue import State, apply


async def take_over(leader, args, id: str, request) -> dict:
    """Carry out a grant, {"term", "leader", "burn"?, "late"?, "state"?: {sha256, size}}; return the reply to `id`.

    The state is taken over only by who is to lead, in a new term, or in the present one where `late` says that events
    have come which this leader does not know. A power cut between the state and the grant leaves a device that knows
    the state and does not lead; the grant comes again at its birth.
    """
    term, before = args["term"], leader.state.term
    state = args.get("state")
    try:
        newer = term > before or (args.get("late") and term == before)
        if state is not None and newer and args["leader"] == leader.position:
            parts = []
            await fetch(request, state, parts.append)
            adopt(leader, json.loads(b"".join(parts)))
    except (BlobError, OSError, ValueError, KeyError, TypeError) as error:
        return {"id": id, "outcome": "failed", "reason": str(error)[:64]}
    grant = {"op": "grant", "key": "lead." + id[:35], "term": term, "leader": args["leader"]}
    if args.get("burn"):
        grant["burn"] = args["burn"]
    outcome = leader.command(grant)
    if outcome["outcome"] != "done":
        return {"id": id, "outcome": "refused", "reason": outcome["reason"], "result": {"term": leader.state.term}}
    if term != before:
        leader.resume()
    return {"id": id, "outcome": "done"}


def adopt(leader, handed) -> None:
    """Go on from a state that the controller hands over: {"log", "seq", "state"}.

    `seq` is the last event of this device's `log` that the state knows; what was added since is applied on top, as
    the controller will do when it arrives.
    """
    state = State.load(handed["state"])
    journal = leader.journal
    for event in journal.after(handed["seq"] if handed["log"] == journal.log else 0):
        if event[4].split(".", 1)[0] in QUEUE_KINDS:
            apply(state, event[4], event[5], event[1])
    journal.snapshot(state.dump())
    leader.go_on(state)
