"""The kiosk: every press is answered, every number is either on paper or shown, and none is there twice."""

import pytest

KIOSK = """
    from firmware.roles import kiosk
    kiosk.REFUSED_MS = 300
    kiosk.WATCH_MS = 20
    role = kiosk.Kiosk(parts, hall, hall_clock, journal.append, status, "020000000001", 1)
    hall.configure(DOC)
    role.configure(DOC)
"""
RUN = "asyncio.run(with_panel(lambda: keep(role)))"


async def event(rig, kind: str) -> dict:
    """Wait for the next event of a kind; earlier ones of other kinds are passed over."""
    await rig.until(lambda rig: any(line.get("kind") == kind for line in rig.told))
    while True:
        line = rig.told.pop(0)
        if line.get("kind") == kind:
            return line["data"]


async def shown(rig, text: str) -> None:
    await rig.until(lambda rig: rig.parts.digits == text)


def kinds(rig) -> list[str]:
    return [line["kind"] for line in rig.told if line.get("kind", "").startswith("ticket.")]


async def test_a_press_is_a_ticket(in_hall):
    rig = await in_hall("kiosk", "issue(2)", KIOSK, RUN)
    await rig.told_of("running")
    rig.send(press="A")
    assert (await event(rig, "ticket.begun"))["no"] == 3
    assert (await event(rig, "ticket.printed"))["no"] == 3
    [ticket] = rig.parts.paper.tickets
    assert ticket.whole
    assert ticket.text.splitlines() == [
        "Desa Genteng Kulon",
        "-" * 32,
        "Nomor antrian",
        "A 3",
        "Administrasi",
        "-" * 32,
        "Di depan Anda            2 orang",
        "Perkiraan tunggu        10 menit",
        "Siapkan: KTP dan KK",
        "-" * 32,
        "TIDAK DIPUNGUT BIAYA",
        "24-11-2026 14:30",
    ]
    assert next(line for line in ticket.lines if line.text == "A 3").size == 8
    await shown(rig, "5IAP")


async def test_a_number_is_durable_before_its_first_byte_reaches_the_printer(in_hall):
    rig = await in_hall("kiosk", KIOSK, RUN)
    await rig.told_of("running")
    rig.send(press="A")
    await rig.until(lambda rig: "ticket.begun" in kinds(rig))
    assert b"Nomor" not in bytes(rig.parts.wire)
    await event(rig, "ticket.printed")
    assert b"Nomor" in bytes(rig.parts.wire)


async def test_two_buttons_at_once_are_two_tickets(in_hall):
    rig = await in_hall("kiosk", KIOSK, RUN)
    await rig.told_of("running")
    rig.send(press=["A", "B"])
    numbers = {(await event(rig, "ticket.printed"))["no"], (await event(rig, "ticket.printed"))["no"]}
    assert numbers == {1, 2}
    assert sorted(line.text for t in rig.parts.paper.tickets for line in t.lines if line.size == 8) == ["A 1", "B 2"]


async def test_an_impatient_citizen_gets_one_ticket(in_hall):
    rig = await in_hall("kiosk", KIOSK, RUN, BALAI_LINE_MS="30")
    await rig.told_of("running")
    for _ in range(3):
        await rig.press("A", ms=20)
    await event(rig, "ticket.printed")
    rig.send(press="B")
    await event(rig, "ticket.begun")
    assert (await event(rig, "ticket.printed"))["no"] == 2
    assert len(rig.parts.paper.tickets) == 2


async def test_paper_that_ends_in_a_ticket_burns_its_number_and_shows_another(in_hall):
    rig = await in_hall("kiosk", KIOSK, RUN)
    await rig.told_of("running")
    await event(rig, "paper.ok")
    rig.send(paper={"left": 4})
    rig.send(press="A")
    assert (await event(rig, "ticket.begun"))["no"] == 1
    await rig.until(lambda rig: "ticket.void" in kinds(rig))
    assert [line["kind"] for line in rig.told][:2] == ["paper.out", "ticket.void"]
    assert (await event(rig, "ticket.issued"))["no"] == 2
    await shown(rig, "A  2")
    rig.send(press="B")  # the citizen confirms; this is no wish for another number
    await shown(rig, "5IAP")
    rig.send(paper=True)
    await event(rig, "paper.ok")
    rig.send(press="B")
    assert (await event(rig, "ticket.printed"))["no"] == 3
    torn, whole = (ticket for ticket in rig.parts.paper.tickets if ticket.lines)
    assert not torn.whole
    assert "B 3" in whole.text
    assert "A 1" not in whole.text


async def test_without_paper_the_number_stays_until_the_citizen_presses_again(in_hall):
    rig = await in_hall("kiosk", "hand(paper=False)", KIOSK, RUN)
    await rig.told_of("running")
    await event(rig, "paper.out")
    for no in (1, 2):
        await rig.press("A")
        assert (await event(rig, "ticket.issued"))["no"] == no
        await shown(rig, f"A  {no}")
        await rig.press("A")
        await shown(rig, "5IAP")
    assert rig.parts.paper.tickets == []
    assert not rig.parts.lamp


async def test_paper_low_is_told_before_paper_out(in_hall):
    rig = await in_hall("kiosk", "kiosk_paper = 1", KIOSK, "kiosk.PRINTER_EVERY = 1", RUN)
    await event(rig, "paper.ok")
    rig.send(paper="low")
    await event(rig, "paper.low")
    await rig.until(lambda rig: not rig.parts.lamp)
    rig.send(press="A")
    await event(rig, "ticket.printed")
    rig.send(paper=False)
    await event(rig, "paper.out")
    rig.send(paper=True)
    await event(rig, "paper.ok")
    await rig.until(lambda rig: rig.parts.lamp)


@pytest.mark.parametrize(("fault", "code"), [("silent", "E-08"), ("cover", "E-09")])
async def test_a_printer_that_cannot_print_is_a_fault_and_the_hall_goes_on(in_hall, fault, code):
    rig = await in_hall("kiosk", KIOSK, "kiosk.PRINTER_EVERY = 1", RUN)
    await event(rig, "paper.ok")
    rig.send(printer={fault: True})
    assert await event(rig, "fault.raised") == {"code": code}
    rig.send(press="B")
    assert (await event(rig, "ticket.issued"))["service"] == "sehat"
    await shown(rig, "B  1")
    rig.send(printer={fault: False})
    assert await event(rig, "fault.cleared") == {"code": code}


async def test_a_printer_that_stalls_in_a_ticket(in_hall):
    rig = await in_hall(
        "kiosk", KIOSK, "from firmware.drivers import printer", "printer.FENCE_POLLS = 60", RUN, BALAI_LINE_MS="40"
    )
    await event(rig, "paper.ok")
    rig.send(press="A")
    await event(rig, "ticket.begun")
    rig.send(printer={"stall": True})
    assert (await event(rig, "ticket.void"))["why"] == "stalled"
    assert (await event(rig, "ticket.issued"))["no"] == 2
    rig.send(printer={"stall": False})
    rig.send(press="A")
    await shown(rig, "5IAP")
    assert [t for t in rig.parts.paper.tickets if t.whole] == []


async def test_a_priority_is_for_one_ticket(in_hall):
    rig = await in_hall("kiosk", KIOSK, RUN)
    await rig.told_of("running")
    rig.send(press="P")
    await shown(rig, "P  1")
    rig.send(press="A")
    assert (await event(rig, "ticket.begun"))["priority"] == "elderly"
    await event(rig, "ticket.printed")
    assert "PRIORITAS: lanjut usia" in rig.parts.paper.tickets[0].text
    rig.send(press="B")
    assert (await event(rig, "ticket.begun"))["priority"] == ""


async def test_a_priority_that_nobody_uses_is_forgotten(in_hall):
    rig = await in_hall("kiosk", KIOSK, "kiosk.PRIORITY_MS = 50", RUN)
    await rig.told_of("running")
    rig.send(press="P")
    await shown(rig, "P  1")
    await shown(rig, "5IAP")


@pytest.mark.parametrize(
    ("why", "code"),
    [
        ('hall.command({"op": "close", "service": "adm", "key": "c"})', "E-17"),
        ("journal.full = True", "E-11"),
        ('hall.command({"op": "grant", "term": 2, "leader": "kiosk-2", "key": "g2"})', "E-14"),
    ],
)
async def test_a_refusal_is_shown_with_its_code(in_hall, why, code):
    rig = await in_hall("kiosk", KIOSK, why, RUN)
    await rig.told_of("running")
    rig.send(press="A")
    await shown(rig, code)
    await shown(rig, "5IAP")
    assert rig.parts.paper.tickets == []


async def test_a_held_button_prints_the_diagnosis_slip(in_hall):
    rig = await in_hall("kiosk", KIOSK, RUN)
    await rig.told_of("running")
    rig.send(hold="T")
    await rig.until(lambda rig: any(ticket.whole for ticket in rig.parts.paper.tickets))
    [slip] = rig.parts.paper.tickets
    for word in ("DIAGNOSA", "020000000001", "genteng-kulon/kiosk-1", "desa", "-61 dBm", "tersambung", "3f2a9c",
                 "0.1.0", "7 (power)", "12", "Perangkat bekerja normal."):  # fmt: skip
        assert word in slip.text
    assert [line.qr for line in slip.lines if line.qr] == ["020000000001"]


async def test_a_held_button_shows_the_code_where_nothing_can_be_printed(in_hall):
    rig = await in_hall("kiosk", "hand(paper=False)", KIOSK, RUN)
    await event(rig, "paper.out")
    rig.send(hold="T")
    await shown(rig, "E-07")
    await shown(rig, "5IAP")


async def test_before_its_configuration_it_says_so(in_hall):
    rig = await in_hall("kiosk", KIOSK.replace("role.configure(DOC)", ""), RUN)
    await shown(rig, "E-12")
    rig.send(press="A")
    rig.send(hold="T")
    await rig.until(lambda rig: any(ticket.whole for ticket in rig.parts.paper.tickets))
    assert kinds(rig) == []


async def test_an_unknown_outcome_is_asked_again_with_the_same_key(in_hall):
    """A kiosk whose hall is led elsewhere: two answers are lost on the way, the command was carried out once."""
    rig = await in_hall(
        "kiosk",
        """
        class Lossy:
            losses = 2
            on_board = hall.on_board

            async def send(self, command):
                answer = await hall.send(command)
                if self.losses:
                    self.losses -= 1
                    if self.losses:
                        raise OSError(110)
                    return {"key": command["key"], "outcome": "unknown", "rev": 0}
                return answer

        from firmware.roles.hall import asking
        asking.AGAIN_MS = 20
        """,
        KIOSK.replace("parts, hall,", "parts, Lossy(),"),
        RUN,
    )
    await rig.told_of("running")
    rig.send(press="A")
    await event(rig, "ticket.begun")
    assert (await event(rig, "ticket.printed"))["no"] == 1
    assert [ticket.whole for ticket in rig.parts.paper.tickets] == [True]


async def test_a_number_that_comes_too_late_is_not_printed(in_hall):
    rig = await in_hall("kiosk", KIOSK, "kiosk.STALE_MS = -1", RUN)
    await rig.told_of("running")
    rig.send(press="A")
    assert (await event(rig, "ticket.void"))["why"] == "expired"
    assert rig.parts.paper.tickets == []
