"""The panel of a bench device: JSON lines on its console (`hil/README.md`).

Lines in are what a hand would do (press a button, take the paper out); lines out are the bytes and pulses that
the device sent to its parts. A line that is not a JSON object is console text and is passed over.
"""

import asyncio
import json
import sys


class Panel:
    """One end of the panel protocol; parts register the words that they understand."""

    def __init__(self, source=None, sink=None):
        self._source = source
        self._sink = sink or sys.stdout
        self._words = {}

    def on(self, word: str, handler) -> None:
        """Call `handler(value, line)` for each line in that has `word`."""
        self._words[word] = handler

    def say(self, line: dict) -> None:
        """Write one line out."""
        self._sink.write(json.dumps(line) + "\n")

    def take(self, text) -> None:
        """Carry out one line in; what is not understood is answered with an error line, never raised."""
        try:
            line = json.loads(text)
        except ValueError:
            return
        if not isinstance(line, dict):
            return
        known = False
        for word in line:
            if word in self._words:
                known = True
                try:
                    self._words[word](line[word], line)
                except (ValueError, LookupError, TypeError, AttributeError, OSError) as error:
                    self.say({"error": "%s: %s" % (word, error)})
        if not known:
            self.say({"error": "no such word"})

    async def run(self) -> None:
        """Read lines until the other end closes."""
        reader = asyncio.StreamReader(self._source or sys.stdin)
        while True:
            text = await reader.readline()
            if not text:
                return
            self.take(text)
