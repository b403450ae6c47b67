"""How all halls do, at one glance, however many look."""

from controller.fleet.models import Device
from controller.incidents.halls.glance import Glances, SiteGlance, look
from controller.incidents.models import Incident
from controller.ingest.alarms import now_ms
from tests.controller.inside import Inside


def glance(**fields: object) -> SiteGlance:
    """A hall that is open and does well, but for `fields`."""
    usual = {"id": "a", "name": "A", "kind": "village", "district": "", "lat": None, "lon": None, "tz": 420}
    return SiteGlance(**{**usual, "open": True, "devices": 3, "online": 3, "incidents": 0, "urgent": 0, **fields})


def test_what_is_wrong_counts_more_than_what_is_well():
    assert glance(incidents=2, urgent=1).stand == "urgent"
    assert glance(incidents=1).stand == "troubled"
    assert glance().stand == "good"
    assert glance(online=0).stand == "silent"
    assert glance(online=0, open=False).stand == "closed"
    assert glance(devices=0, online=0).stand == "bare"
    assert glance(devices=0, online=0, incidents=1, urgent=1).stand == "urgent"


def test_devices_and_incidents_are_counted_where_they_are(inside: Inside):
    inside.site("sini", district="genteng", lat=-8.3, lon=114.1)
    inside.site("sana")
    for number, position in enumerate(("kiosk-1", "layar-1"), start=1):
        inside.position("sini", position, "kiosk" if number == 1 else "display", leads=number == 1)
        inside.claim(f"b0a7320000{number:02}", "sini", position)
    inside.born(inside.reserve(device="b0a7320000ff", role="kiosk"))  # a spare stands nowhere

    def fn(session) -> None:
        for number in (1, 2):
            device = session.get(Device, f"b0a7320000{number:02}")
            device.online = number == 1
            session.add(device)
        for kind, until in (("paper_out", 0), ("paper_low", 0), ("fault", 5)):
            session.add(
                Incident(
                    site="sini", device="b0a732000001", position="kiosk-1", kind=kind, detail="", since=1, until=until
                )
            )

    inside.parts.db.write(fn)
    with inside.parts.db.read() as session:
        found = {one.id: one for one in look(session, now_ms())}
    here = found["sini"]
    assert (here.devices, here.online, here.incidents, here.urgent) == (2, 1, 2, 1)
    assert (here.district, here.lat, here.lon, here.open) == ("genteng", -8.3, 114.1, True)
    assert (found["sana"].devices, found["sana"].stand) == (0, "bare")


def test_the_halls_are_read_once_a_second_however_many_look(inside: Inside):
    now = [100.0]
    glances = Glances(inside.parts.db, lambda: now[0])
    first = glances.now()
    assert glances.now() is first
    now[0] += 0.9
    assert glances.now() is first
    now[0] += 0.2
    assert glances.now() is not first
