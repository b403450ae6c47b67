"""The journal's files: what a worn or torn cell costs, and how much of the flash they take."""

import pytest

from tests.firmware.core.flash.test_journal import ENOSPC, event


@pytest.mark.parametrize("name", ["log", "snapshot"])
def test_a_worn_cell_in_a_small_file_loses_that_file_and_no_event(both, name):
    both.boot()
    both.do("append", events=[event(0), event(1)])
    both.do("snapshot", value={"n": 2})
    for folder in ("near", "far"):
        path = both.folder / folder / name
        data = bytearray(path.read_bytes())
        data[-2] ^= 4
        path.write_bytes(data)
    both.logs.clear()
    both.boot()
    assert [row[0] for row in both.do("held")["held"]] == [1, 2]
    assert both.do("look")["seq"] == 2
    assert both.do("look")["boot"] == 2
    assert both.do("recover")["value"] == (None if name == "snapshot" else {"n": 2})


def test_a_worn_cell_in_an_old_segment_loses_what_follows_in_it_and_nothing_else(both):
    both.boot()
    for n in range(20):
        both.do("append", events=[event(n, 1_000)])
    for folder in ("near", "far"):
        oldest = min((both.folder / folder).glob("j*"))
        data = bytearray(oldest.read_bytes())
        data[len(data) // 2] ^= 1
        oldest.write_bytes(data)
    both.boot()
    held = [row[0] for row in both.do("held")["held"]]
    assert held[-1] == 20
    assert 13 <= len(held) < 20
    sent = []
    while batch := both.do("pending", size=3_900)["batch"]:
        sent.append((batch[1], [row[0] for row in batch[2]]))
        both.do("ack", seq=batch[2][-1][0])
    assert [seq for _, rows in sent for seq in rows] == held
    gaps = [lo for lo, rows in sent if lo == rows[0] != 1]
    assert len(gaps) == 1, "the controller is told where what it expects is no more"


def test_what_it_says_it_takes_is_what_littlefs_takes(on_flash):
    told = on_flash(
        """
        for size in (10, 1900, 3700):
            journal = Journal(root + "/%d" % size, Clock())
            journal.append("a", {})
            before = free(), journal.used
            while journal.used - before[1] < 200000:
                journal.append("a", {"fill": "x" * (size - 100 if size > 100 else 1)})
            tell(said=journal.used - before[1], took=before[0] - free())
            for name in os.listdir(root + "/%d" % size):
                os.remove(root + "/%d/" % size + name)
        """,
    )
    assert len(told) == 3
    for line in told:
        assert abs(line["took"] - line["said"]) <= 8_192, "but for the folder itself"


def test_a_flash_that_others_fill_stops_the_journal_before_it_is_full(on_flash):
    [told] = on_flash(
        """
        journal = Journal(root + "/journal", Clock())
        journal.append("a", {})
        fill(40)
        try:
            while True:
                journal.append("a", {"fill": "x" * 1000})
        except OSError as error:
            tell(error=error.errno, free=free(), near=journal.near, seq=journal.seq, events=len(list(journal.after(0))))
        """,
    )
    assert told["error"] == ENOSPC
    assert 24_576 <= told["free"] <= 40_960
    assert told["near"]
    assert told["events"] == told["seq"] > 50


def test_a_device_boots_on_a_flash_without_a_free_block_and_goes_on_when_there_is_one(on_flash):
    [first] = on_flash(
        """
        journal = Journal(root + "/journal", Clock())
        for n in range(30):
            journal.append("a", {"n": n, "fill": "x" * 300})
        journal.snapshot({"n": 30})
        Settings(root + "/state").saw("one")
        fill(0)
        tell(boot=journal.boot)
        """,
    )
    [told] = on_flash(
        """
        journal, settings = Journal(root + "/journal", Clock()), Settings(root + "/state")
        errors = []
        for what, *operands in ((journal.append, "a", {"n": 31}), (journal.snapshot, {"fill": "x" * 9000})):
            try:
                what(*operands)
            except OSError as error:
                errors.append(error.errno)
        value, later = journal.recover()
        clear()
        again = Journal(root + "/journal", Clock())
        tell(errors=errors, value=value, later=len(list(later)), boot=journal.boot, again=again.boot,
             seen=settings.saw("one"), seq=again.append("a", {"n": 31}))
        """,
    )
    assert told["errors"] == [ENOSPC, ENOSPC]
    assert told["value"] == {"n": 30}
    assert told["seen"] is True
    assert told["seq"] == 31
    assert first["boot"] < told["boot"] <= told["again"]
