"""The printer: what is on paper, what it says about itself, and what is never printed twice."""

PRINT = """
    from firmware.drivers import escpos
    from firmware.drivers.printer import PrintError

    def ticket(lines, name="Baris"):
        for i in range(lines):
            yield escpos.text("%s %d" % (name, i)) + escpos.LINE
        yield escpos.feed(4)

    async def job(name, lines=20, extra=()):
        try:
            await parts["printer"].print(list(extra) + list(ticket(lines, name)))
            tell(done=name)
        except PrintError as error:
            tell(failed=error.why)
"""


async def test_a_job_is_on_paper_when_print_returns(start):
    rig = await start(PRINT, "asyncio.run(with_panel(lambda: job('Satu', 3)))", role="kiosk")
    assert await rig.told_of("done") == "Satu"
    [ticket] = rig.parts.paper.tickets
    assert ticket.whole
    assert [line.text for line in ticket.lines] == ["Satu 0", "Satu 1", "Satu 2"]


async def test_every_write_is_at_most_64_bytes(start):
    rig = await start(PRINT, "asyncio.run(with_panel(lambda: job('Panjang', 60)))", role="kiosk")
    await rig.told_of("done")
    writes = [len(line["hex"]) // 2 for line in rig.lines if line.get("uart") == "printer"]
    assert max(writes) == 64


async def test_the_golden_bytes_of_a_small_ticket(start):
    """As in the Epson ESC/POS reference: DLE ENQ 2, DLE DC4 8, CAN, ESC @, ESC a, ESC E, GS !, LF, ESC d, GS r."""
    rig = await start(
        PRINT,
        "asyncio.run(with_panel(lambda: job('', 0, [escpos.huge('A 12')])))",
        role="kiosk",
    )
    await rig.told_of("done")
    sent = rig.parts.wire.hex()
    clear = "100502" + "10140801031401060208" + "18" + "1b40"
    body = "1b6101" + "1b4501" + "1d2177" + "41203132" + "0a" + "1d2100" + "1b4500" + "1b6404"
    assert clear + body in sent
    assert sent.endswith("1d7201")
    [line] = rig.parts.paper.tickets[0].lines
    assert (line.text, line.size, line.align, line.bold) == ("A 12", 8, "center", True)


async def test_status_bits_are_told_apart(start):
    rig = await start(
        """
        async def main():
            while True:
                await go()
                tell(status=await parts["printer"].status())

        asyncio.run(with_panel(main))
        """,
        role="kiosk",
    )
    seen = []
    for line in (
        {"paper": True},
        {"paper": "low"},
        {"paper": False},
        {"paper": True},
        {"printer": {"cover": True}},
        {"printer": {"cover": False}},
        {"printer": {"silent": True}},
        {"printer": {"silent": False}},
    ):
        rig.send(**line)
        rig.send(go=1)
        seen.append(await rig.told_of("status"))
    assert seen == ["ok", "low", "out", "ok", "cover", "ok", "silent", "ok"]


async def test_paper_that_ends_in_a_ticket_fails_it_and_nothing_of_it_comes_later(start):
    rig = await start(
        PRINT,
        """
    async def main():
        await job("Satu", 40)
        await go()
        await job("Dua", 3)

    hand(paper={"left": 10})
    asyncio.run(with_panel(main))
""",
        role="kiosk",
    )
    assert await rig.told_of("failed") == "out"
    rig.send(paper=True)
    rig.send(go=1)
    assert await rig.told_of("done") == "Dua"
    torn, whole = rig.parts.paper.tickets
    assert not torn.whole
    assert [line.text for line in torn.lines] == [f"Satu {i}" for i in range(10)]
    assert [line.text for line in whole.lines] == ["Dua 0", "Dua 1", "Dua 2"]
    assert b"Satu 25" not in bytes(rig.parts.wire)  # it stopped sending soon after the paper's end


async def test_a_printer_that_stalls_fails_the_job_and_its_rest_is_cleared(start):
    rig = await start(
        PRINT,
        """
    from firmware.drivers import printer
    printer.FENCE_POLLS = 100

    async def main():
        hand(printer={"stall": True})
        await job("Satu", 5)
        hand(printer={"stall": False})
        await job("Dua", 2)

    asyncio.run(with_panel(main))
""",
        role="kiosk",
    )
    assert await rig.told_of("failed") == "stalled"
    assert await rig.told_of("done") == "Dua"
    assert [t.text for t in rig.parts.paper.tickets if t.lines] == ["Dua 0\nDua 1"]


async def test_a_silent_printer_gets_no_ticket(start):
    rig = await start(
        PRINT,
        """
    hand(printer={"silent": True})
    asyncio.run(with_panel(lambda: job("Satu", 5)))
""",
        role="kiosk",
    )
    assert await rig.told_of("failed") == "silent"
    assert b"Satu" not in bytes(rig.parts.wire)
    assert rig.parts.paper.tickets == []


async def test_a_status_query_waits_for_the_job_under_way(start):
    rig = await start(
        PRINT,
        """
    async def ask():
        await asyncio.sleep_ms(20)
        tell(status=await parts["printer"].status())

    async def main():
        asyncio.create_task(ask())
        await job("Satu", 30)

    asyncio.run(with_panel(main))
""",
        role="kiosk",
    )
    await rig.told_of("status")
    assert [line["done"] for line in rig.told] == ["Satu"]  # it was told before


async def test_a_qr_code_reaches_the_paper(start):
    rig = await start(PRINT, "asyncio.run(with_panel(lambda: job('', 0, escpos.qr('020000000001'))))", role="kiosk")
    await rig.told_of("done")
    assert [line.qr for line in rig.parts.paper.tickets[0].lines if line.qr] == ["020000000001"]
