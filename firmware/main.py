"""Starts the device: picks a slot, counts crash boots, runs the firmware, and never leaves a dead prompt.

Plain source outside the slots, never part of an update. Of a slot it knows `chip.Board`, `node.run` and `node.keep`.
The file `slot` holds two words: the slot in use and how many boots in a row ended in a crash or the watchdog. After
three the other slot is tried, where one fits the interpreter, after three more the first again. A power-on never
counts, and whatever is torn or missing here is taken as new.
"""

import micropython

micropython.kbd_intr(-1)  # before all else: on a board in a hall Ctrl-C is a character like any other

import os  # noqa: E402
import sys  # noqa: E402
import time  # noqa: E402

CRASHES = 3
MOST = 99  # crashes that are counted
SLOTS = ("a", "b")
PAUSE_S = 2  # for each crash before this one, up to
BENCH = "bench"  # a file on the flash of a board that belongs to a bench, not to a hall: it keeps its prompt
CTRL_C = 3
LONGEST_S = 30  # so that a device that crashes for days does not wear out its flash


def read(path):
    """The words in a small file, none where it is missing."""
    try:
        with open(path) as file:
            return file.read().split()
    except (OSError, ValueError):
        return []


def write(path, *words):
    """Replace a small file; on a full flash the old one stays."""
    try:
        with open(path + ".new", "w") as file:
            file.write(" ".join(words))
        os.rename(path + ".new", path)
    except OSError as error:
        sys.print_exception(error)


def number(words, i):
    """The i-th word as a number, 0 where it is none."""
    return int(words[i]) if len(words) > i and words[i].isdigit() else 0


def fits(slot):
    """Whether a slot is there and made for this interpreter (its file `abi` holds `sys.implementation._mpy`)."""
    abi = number(read(slot + "/abi"), 0)
    return abi != 0 and abi & 0xFF == sys.implementation._mpy & 0xFF


def crashed():
    """Whether the last run ended in an uncaught error or in the watchdog."""
    try:
        os.remove("crashed")
        return True
    except OSError:
        pass
    try:
        import machine

        return machine.reset_cause() == machine.WDT_RESET
    except (ImportError, AttributeError):
        return os.getenv("BALAI_RESET") == "watchdog"


def pick():
    """(the slot to start, how many crashes went before), having counted this boot."""
    kept = read("slot")
    slot = kept[0] if kept and kept[0] in SLOTS else SLOTS[0]
    crashes = number(kept, 1) % MOST + 1 if crashed() else 0
    other = SLOTS[slot == SLOTS[0]]
    if fits(other) and ((crashes and crashes % CRASHES == 0) or not fits(slot)):
        slot = other
    if kept != [slot, str(crashes)]:
        write("slot", slot, str(crashes))
    return slot, crashes


def keep(error):
    """Show and keep what went wrong, for the next boot."""
    sys.print_exception(error)
    write("crashed", "1")
    try:
        __import__("node").keep("crash", error)
    except Exception as second:
        sys.print_exception(second)


def main():
    """Run the firmware until something ends it, then reset."""
    board = None
    crashes = 0
    if BENCH in os.listdir():
        micropython.kbd_intr(CTRL_C)
    try:
        slot, crashes = pick()
        sys.path.insert(0, slot)
        board = __import__("chip" if sys.platform == "esp32" else "virtual").Board()
        __import__("node").run(board)
    except Exception as error:
        keep(error)
        time.sleep(min(crashes * PAUSE_S, LONGEST_S))
    if board is not None:
        board.reset()
    import machine

    machine.reset()


if __name__ == "__main__":
    main()
