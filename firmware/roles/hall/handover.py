"""A device that may lead hears who leads, and goes on from the state of the one before."""

import asyncio
import json

from firmware.core.uplink.blob import BlobError, fetch


class Grants:
    """Takes grants of leadership, one at a time; the reply goes by `link`."""

    def __init__(self, leader, link):
        self._leader = leader
        self._link = link
        self._busy = False

    def take(self, id: str, args) -> None:
        """Begin to carry out the command `id`. One that comes meanwhile is dropped: the controller sends it again."""
        if not self._busy:
            self._busy = True
            asyncio.create_task(self._take(id, args))

    async def _take(self, id, args):
        try:
            self._link.send("reply", await take_over(self._leader, args, id, self._link.inbox.request))
            self._link.appended()
        finally:
            self._busy = False


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
            leader.adopt(json.loads(b"".join(parts)))
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
