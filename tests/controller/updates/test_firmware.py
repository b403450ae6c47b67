"""The last two minor versions of firmware are served; what is older is told to a person, and refused nothing."""

import pytest

from controller.fleet.presence import Session
from controller.updates.firmware import served
from tests.controller.inside import Inside
from tests.controller.waiting import until


@pytest.mark.parametrize(
    ("fw", "own", "good"),
    [
        ("0.1.0", "0.1.0", True),
        ("0.1.9", "0.2.0", True),
        ("0.1.9", "0.3.0", False),
        ("0.9.0", "0.3.0", True),
        ("0.9.0", "1.0.0", True),
        ("0.9.0", "1.1.0", False),
        ("1.0.0", "1.1.0", True),
        ("0.9.0", "2.0.0", False),
        ("2.0.0", "1.5.0", True),
        ("0.3.0-rc1", "0.3.0", True),
        ("from source", "0.3.0", True),
        ("", "0.3.0", True),
    ],
)
def test_what_is_served(fw, own, good):
    assert served(fw, own) is good


def test_old_firmware_is_an_alarm_until_it_is_updated(inside: Inside, monkeypatch):
    inside.site("lama")
    inside.position("lama", "kiosk-1")
    device = str(inside.claim("02ba1a00f001", "lama", "kiosk-1")["device"])
    firmware = inside.parts.updates.firmware
    monkeypatch.setattr(firmware, "_own", "0.3.0")

    def open_alarms() -> list[tuple[str, str]]:
        return [(one["kind"], one["device"]) for one in inside.admin.get("/alarms", params={"site": "lama"}).json()]

    for fw, alarms in (("0.1.4", [("old_firmware", device)]), ("0.1.5", [("old_firmware", device)]), ("0.2.0", [])):
        firmware.heard({device: Session("0123456789abcdef", True, {"fw": fw}, 1, 0.0)})
        until(lambda alarms=alarms: open_alarms() == alarms, f"{fw} is {alarms}")
