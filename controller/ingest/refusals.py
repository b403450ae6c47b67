"""What could not be used: counted by reason, and logged once for each device and reason in a while."""

import logging
import threading
import time
from collections import Counter

log = logging.getLogger(__name__)

PERIOD_S = 3600.0
REMEMBERED = 10_000  # devices and reasons; a stranger's inventions must not fill the memory


class Unusable(Exception):
    """A message or an event cannot be used; `reason` is a machine word, the text says more."""

    def __init__(self, reason: str, detail: str = "") -> None:
        super().__init__(detail)
        self.reason = reason


class Refusals:
    """Counts by reason, for the metrics; says each thing once a period in the log."""

    def __init__(self) -> None:
        self.counts: Counter[str] = Counter()
        self._said: dict[tuple[str, str], float] = {}
        self._lock = threading.Lock()

    def count(self, device: str, reason: str, detail: str = "") -> None:
        """Count one refusal for `reason`; log it where this device has not been logged for it lately."""
        now = time.monotonic()
        with self._lock:
            self.counts[reason] += 1
            if now - self._said.get((device, reason), -PERIOD_S) < PERIOD_S:
                return
            if len(self._said) >= REMEMBERED:
                self._said.clear()
            self._said[device, reason] = now
        log.warning("message of %s refused: %s (%s)", device or "a stranger", reason, detail[:200])
