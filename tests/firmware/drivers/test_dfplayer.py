"""The speaker: frames as in the datasheet, one clip after another, and no waiting for one that does not answer."""

PLAY = """
    async def main():
        for clip in (1, 12, 47):
            await parts["speaker"].play(clip)
            tell(played=clip)
        tell(done=1)
"""


async def test_the_golden_frames(start):
    """DFPlayer Mini datasheet: volume 26 is 7E FF 06 06 00 00 1A FE DB EF; clip 1 of the folder mp3, command 12h."""
    rig = await start(PLAY, 'hand(speaker={"ms": 20})', "asyncio.run(with_panel(main))", role="display")
    await rig.told_of("done")
    frames = [line["hex"] for line in rig.lines if line.get("uart") == "speaker"]
    assert frames == [
        "7eff060600001afedbef",
        "7eff0612000001fee8ef",
        "7eff061200000cfeddef",
        "7eff061200002ffebaef",
    ]
    assert rig.parts.player.clips == [1, 12, 47]
    assert rig.parts.player.volume == 26


async def test_a_clip_is_not_cut_off_by_the_next(start):
    rig = await start(
        PLAY,
        """
        hand(speaker={"ms": 500})
        busy = parts["speaker"]._busy

        class Watched:
            def value(self):
                return busy.value()

        write = parts["speaker"]._uart.write
        def watched(frame):
            tell(cut=[frame[3], busy.value()])
            return write(frame)
        parts["speaker"]._uart.write = watched
        asyncio.run(with_panel(main))
        """,
        role="display",
    )
    await rig.told_of("done")
    assert [busy for command, busy in (line["cut"] for line in rig.told if "cut" in line) if command == 0x12] == [1] * 3


async def test_a_player_that_never_moves_busy_holds_nobody_up(start):
    rig = await start(PLAY, 'hand(speaker={"dead": True})', "asyncio.run(with_panel(main))", role="display")
    await rig.told_of("done")
    assert rig.parts.player.clips == [1, 12, 47]


async def test_a_clip_that_never_ends_is_stopped(start):
    rig = await start(
        """
        from firmware.drivers import dfplayer
        dfplayer.LONGEST_MS = 100

        async def main():
            hand(speaker={"ms": 60000})
            await parts["speaker"].play(1)
            tell(done=1)

        asyncio.run(with_panel(main))
        """,
        role="display",
    )
    await rig.told_of("done")
    assert [line["hex"][6:8] for line in rig.lines if line.get("uart") == "speaker"] == ["06", "12", "16"]
