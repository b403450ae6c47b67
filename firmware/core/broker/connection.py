"""What the device connects with, and what is on trial beside it (docs/contract.md, section 9).

A set is networks, brokers, CA and secret: the identity's, and over it what was proved since. A document of the
controller and a network chosen in the hall (or the identity's again) are on trial: the sets with them and without them
are tried in turn, the new ones first, until the controller answers in one. That one is in force, and what was not in it
is forgotten.

All of it is one value on flash, saved aside and renamed over, and read when it is needed: it holds certificates.
"""

import binascii

FILE = "connection"
TRIES = 3  # attempts with each broker of a set before the next set has its turn
NO_NETWORK, NO_BROKER, NO_ANSWER = range(3)  # how far an attempt has come


class Connection:
    """`networks`, `brokers`, `username` and `secret` are of the set whose turn it is; `turn` counts the turns.

    `conn`, `bad_conn` and `gen` are what a state says; they are of the session, from `begin()` on. `changed`: there is
    something new to try, when the session has ended.
    """

    def __init__(self, identity, settings):
        self._identity = identity
        self._settings = settings
        self.on_change = None  # called when `changed` becomes true
        self.turn = 0
        self.changed = True
        self.refresh()
        self.begin()
        self._begun = False

    @property
    def trying(self) -> bool:
        """Whether something is on trial."""
        return self.changed or len(self._sets) > 1

    @property
    def hall(self) -> bool:
        """Whether a network chosen in the hall is on trial, then the only one, or the identity's in its place."""
        return bool(self._sets[self._at][1])

    def ca(self):
        """The certificates to trust: a list of PEM or DER, from the flash."""
        found = self._said(self.load()).get("ca")
        return [binascii.a2b_base64(one) for one in found] if found else [self._identity.ca()]

    # What is new.

    def choose(self, ssid: str, password: str) -> None:
        """Put a network chosen in the hall on trial, before the others. Raises OSError where it cannot be kept."""
        kept = self.load()
        kept["hall"] = [ssid, password]
        self.change(kept)

    def dismiss(self) -> None:
        """Forget the network chosen in the hall: it is the wrong one. Raises OSError where the flash fails."""
        kept = self.load()
        kept["hall"] = None
        self.change(kept)

    def load(self):
        """What is kept; what was made for another identity than ours is not.

        `hall`: a network on trial, [] for those of the identity in the place of all that came since, None for neither.
        """
        kept = self._settings.load(FILE)
        if not kept or kept["of"] != self._identity.username:
            kept = {"of": self._identity.username, "hash": "", "bad": "", "set": {}, "trial": None, "hall": None}
        return kept

    def change(self, kept) -> None:
        """Keep it; it is tried when the session has ended, which it does now. Raises OSError."""
        self._settings.save(FILE, kept)
        self.changed = True
        if self.on_change is not None:
            self.on_change()

    # Trying.

    def refresh(self) -> None:
        """No session is open: what is new has the first turn."""
        if self.changed:
            self.changed = False
            kept = self.load()
            halls = (1, 0) if kept["hall"] is not None else (0,)
            docs = (1, 0) if kept["trial"] else (0,)
            self._sets = [(doc, hall) for hall in halls for doc in docs]
            self._take(0, kept)

    def begin(self) -> None:
        """A session begins with the set whose turn it is."""
        kept = self.load()
        trial = kept["trial"]["hash"] if kept["trial"] else ""
        with_doc = self._sets[self._at][0]
        self.conn = trial if with_doc else kept["hash"]
        self.bad_conn = trial if trial and not with_doc else kept["bad"] if kept["bad"] != self.conn else ""
        self.gen = self._said(kept).get("gen", self._identity.generation)
        self._begun = True

    def works(self) -> None:
        """The controller has answered in the session: its set is in force, and nothing else is remembered."""
        if not self._begun or not self.trying or self.changed:
            return
        self._begun = False
        kept = self.load()
        doc, hall = self._sets[self._at]
        if doc:
            kept["set"].update(kept["trial"]["doc"])
        if hall and not kept["hall"]:
            kept["set"].pop("networks", None)
        elif hall:
            chosen = tuple(kept["hall"])
            self.networks = [chosen] + [one for one in self._networks(kept) if one[0] != chosen[0]]
            kept["set"]["networks"] = [list(one) for one in self.networks]
        kept["hash"], kept["bad"] = self.conn, self.bad_conn
        kept["trial"] = kept["hall"] = None
        try:
            self._settings.save(FILE, kept)
        except OSError:
            return  # the flash is full: the trial goes on at the next session
        self._sets, self._at = [(0, 0)], 0

    def fails(self, far: int) -> None:
        """An attempt has ended at NO_NETWORK, NO_BROKER or NO_ANSWER.

        The turn goes to a set that differs in what failed: what both would fail at says nothing about either.
        """
        self._begun = False
        self._failed += 1
        if len(self._sets) == 1 or (far > NO_NETWORK and self._failed < TRIES * len(self.brokers)):
            return
        kept = self.load()
        before = self._way(kept)
        for _ in self._sets:
            self._take((self._at + 1) % len(self._sets), kept)
            way = self._way(kept)
            if far == NO_ANSWER or way[0] != before[0] or (far == NO_BROKER and way != before):
                break

    # Inside.

    def _take(self, at, kept):
        """Give the set `at` its turn."""
        identity = self._identity
        self._at = at
        self._failed = 0
        self.turn += 1
        said = self._said(kept)
        self.networks = self._networks(kept)
        if self.hall:
            self.networks = [tuple(kept["hall"])] if kept["hall"] else identity.networks
        self.brokers = [tuple(one) for one in said.get("brokers", identity.brokers)]
        self.username, self.secret = identity.username, identity.secret
        if "gen" in said:
            self.username, self.secret = "%s.%d" % (identity.device, said["gen"]), said["secret"]

    def _networks(self, kept):
        return [tuple(one) for one in self._said(kept).get("networks", self._identity.networks)]

    def _way(self, kept):
        """What it takes to reach a broker."""
        return self.networks, self.brokers, self._said(kept).get("ca")

    def _said(self, kept):
        """What documents say, proved ones and in this set the one on trial."""
        said = dict(kept["set"])
        if self._sets[self._at][0]:
            said.update(kept["trial"]["doc"])
        return said
