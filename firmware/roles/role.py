"""What all roles share."""


class Role:
    """Has `_draw()`, which shows what is to be seen while nothing happens."""

    notice = ""

    def notify(self, code: str) -> None:
        """Show a code while there is nothing better to show; "" for none."""
        self.notice = code
        self._draw()

    def _draw(self):
        raise NotImplementedError
