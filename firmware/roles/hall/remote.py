"""The hall of a device that does not lead: commands go to the leader by way of the controller."""

from firmware.core.uplink import shapes


class RemoteHall:
    """The port `Hall` of a role; `await request(op, args)` asks the controller (`Inbox.request`)."""

    def __init__(self, request):
        self._request = request
        self._callbacks = []

    def on_board(self, callback) -> None:
        """Call `callback(board, retained)` at each board."""
        self._callbacks.append(callback)

    def board(self, board, retained: bool) -> None:
        """A board has come."""
        for callback in self._callbacks:
            callback(board, retained)

    async def send(self, command) -> dict:
        """The outcome, which may be "unknown"."""
        response = await self._request("queue", command)
        if response is not None and response["ok"] and shapes.fits(response.get("result"), shapes.OUTCOME):
            return response["result"]
        return {"key": command["key"], "outcome": "unknown", "rev": 0}
