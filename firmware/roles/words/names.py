"""How services, counters and tickets are written on digits and matrices, from the configuration."""

from protocol.announce import HIGHEST, label


class Names:
    """Look-ups in a configuration document; unknown ids give the number alone."""

    def __init__(self, doc):
        self.lang = doc["lang"]
        self._letters = {service["id"]: service["letter"] for service in doc["services"]}
        self._counters = {counter["id"]: i + 1 for i, counter in enumerate(doc["counters"])}

    def letter(self, service: str) -> str:
        """The service's letter, "" where it is unknown."""
        return self._letters.get(service, "")

    def counter(self, counter: str) -> int:
        """A counter's spoken and shown number: its id where that is a number, else its place in the list."""
        if counter.isdigit() and int(counter) <= HIGHEST:
            return int(counter)
        return self._counters.get(counter, 0)

    def label(self, service: str, no: int) -> str:
        """A ticket as people know it ("A 12")."""
        letter = self.letter(service)
        return label(letter, no) if letter else str(no)


def digits(value: str) -> str:
    """A label in four places, the letter left and the number right ("A  5"); above 999 the number alone."""
    letter, _, number = value.partition(" ")
    if not number:
        return value
    gap = 4 - len(letter) - len(number)
    return letter + " " * gap + number if gap >= 0 else number
