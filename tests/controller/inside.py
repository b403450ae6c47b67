"""The application inside the test's own process: real HTTP on a free port, its own database, no broker in reach."""

import socket
import threading
from contextlib import ExitStack
from pathlib import Path

import httpx
import uvicorn

from controller.accounts import service
from controller.app import create_app
from controller.fleet.presence import Session
from controller.settings import Settings
from tests.controller.waiting import HANGS

SERVICES = [
    {"id": "adm", "letter": "A", "name": "Administrasi", "need": "KTP dan KK", "mins": 10},
    {"id": "kk", "letter": "B", "name": "Kartu keluarga", "need": "", "mins": 5},
]
COUNTERS = [{"id": "1", "name": "Loket 1", "services": []}, {"id": "2", "name": "Loket 2", "services": ["kk"]}]


class Someone(httpx.Client):
    """An HTTP client of the application; paths are those below /api/v1."""

    def __init__(self, address: str, **headers: str) -> None:
        super().__init__(base_url=f"{address}/api/v1", trust_env=False, timeout=HANGS, headers=headers)

    def sign_in(self, name: str, password: str) -> "Someone":
        """Open a session; later requests carry its cookie and its CSRF token."""
        answer = self.post("/session", json={"name": name, "password": password})
        assert answer.status_code == 200, answer.text
        self.headers["X-CSRF"] = answer.json()["csrf"]
        return self


class Inside:
    """One application that serves.

    Args:
        data: its data folder.
        database: the address of its database; "" for a SQLite file in `data`.
        accounts: whether the broker, which is out of reach, lets us keep the devices' accounts.
        more: further settings.
    """

    def __init__(self, data: Path, database: str = "", accounts: bool = False, **more: object) -> None:
        with socket.socket() as nobody:
            nobody.bind(("127.0.0.1", 0))
            broker = f"mqtt://127.0.0.1:{nobody.getsockname()[1]}"
        url = {"database_url": database} if database else {}
        settings = Settings(data=data, broker_url=broker, broker_dynsec=accounts, **url, **more)  # type: ignore[arg-type]
        self.app = create_app(settings)
        self.parts = self.app.state.parts
        name, password = self.app.state.first_admin
        self._people = ExitStack()
        listening = socket.socket(proto=socket.IPPROTO_TCP)  # with which asyncio sends without delay
        listening.bind(("127.0.0.1", 0))
        listening.listen()
        self.address = f"http://127.0.0.1:{listening.getsockname()[1]}"
        config = uvicorn.Config(self.app, log_config=None, access_log=False, lifespan="on", ws="websockets-sansio")
        self._server = uvicorn.Server(config)
        self._thread = threading.Thread(target=self._server.run, args=([listening],), daemon=True)
        self._thread.start()
        try:
            self.admin = self.someone().sign_in(name, password)  # the socket listens: this waits until it serves
        except BaseException:
            self._server.should_exit = True  # or the tests would wait for it for ever
            raise

    def someone(self, **headers: str) -> Someone:
        """Return somebody who has not signed in."""
        return self._people.enter_context(Someone(self.address, **headers))

    def person(self, name: str, role: str, *sites: str) -> Someone:
        """Return somebody who has signed in with a new account."""
        password = f"kata-sandi-{name}"
        self.parts.db.write(lambda session: service.add_user(session, name, role, password, " ".join(sites)) and None)
        return self.someone().sign_in(name, password)

    def has(self, name: str) -> bool:
        """Whether there is such an account."""
        return any(one["name"] == name for one in self.admin.get("/users").json())

    def site(self, id_: str, **fields: object) -> dict[str, object]:
        """Make a site and return it."""
        body = {"id": id_, "name": f"Desa {id_}", "services": SERVICES, "counters": COUNTERS, **fields}
        answer = self.admin.post("/sites", json=body)
        assert answer.status_code == 201, answer.text
        return answer.json()

    def position(self, site: str, id_: str, role: str = "kiosk", **fields: object) -> dict[str, object]:
        """Make a position and return it."""
        body = {"site": site, "id": id_, "role": role, "name": id_, **fields}
        answer = self.admin.post("/positions", json=body)
        assert answer.status_code == 201, answer.text
        return answer.json()

    def claim(self, device: str, site: str, position: str) -> dict[str, object]:
        """Claim a device, have it seen, and return its identity."""
        identity = self.reserve(device=device, site=site, position=position)
        self.born(identity)
        return identity

    def reserve(self, **body: object) -> dict[str, object]:
        """Claim a device, which is not seen yet, and return its identity."""
        answer = self.admin.post("/devices/claims", json=body)
        assert answer.status_code == 201, answer.text
        return answer.json()

    def born(self, identity: dict[str, object], **state: object) -> None:
        """Have a device seen by the generation of an identity, with what else it says of itself."""
        self.parts.identities.seen(
            str(identity["device"]),
            Session(
                "0123456789abcdef", True, {"gen": identity["generation"], "conn": "", "bad_conn": "", **state}, 1, 0
            ),
        )

    def audit(self) -> list[dict[str, object]]:
        """Return the whole audit log."""
        found: list[dict[str, object]] = []
        while page := self.admin.get("/audit", params={"after": found[-1]["id"] if found else 0}).json():
            found += page
        return found

    def stop(self) -> None:
        """End it."""
        self._people.close()
        self._server.should_exit = True
        self._thread.join()
