"""What all roles share."""


class Role:
    """Has `_draw()`, which shows what is to be seen while nothing happens."""

    notice = ""
    _board = None

    def notify(self, code: str) -> None:
        """Show a code while there is nothing better to show; "" for none."""
        self.notice = code
        self._draw()

    def quiet(self) -> bool:
        """Whether a restart would disturb nobody: nobody waits and nobody is served."""
        board = self._board or {"services": ()}
        return not any(one["waiting"] for one in board["services"])

    def _draw(self):
        raise NotImplementedError
