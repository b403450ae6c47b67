"""Starts the device: picks a slot, counts crash boots, runs the firmware, and never leaves a dead prompt.

Plain source outside the slots, never part of an update. `slot` holds two words: the slot in use and how many boots in
a row ended in a crash or the watchdog. After three the other slot is tried, where one fits the interpreter.
A power-on never counts.
"""

import os
import sys

CRASHES = 3
SLOTS = ("a", "b")


def read(path, otherwise):
    """The words in a small file."""
    try:
        with open(path) as file:
            return file.read().split()
    except OSError:
        return otherwise


def write(path, *words):
    """Replace a small file."""
    with open(path + ".new", "w") as file:
        file.write(" ".join(words))
    os.rename(path + ".new", path)


def fits(slot):
    """Whether a slot is there and made for this interpreter (its file `abi` holds `sys.implementation._mpy`)."""
    abi = read(slot + "/abi", None)
    return abi is not None and int(abi[0]) & 0xFF == sys.implementation._mpy & 0xFF


def crashed():
    """Whether the last run ended in an uncaught error or in the watchdog."""
    if read("crashed", None):
        os.remove("crashed")
        return True
    try:
        import machine

        return machine.reset_cause() == machine.WDT_RESET
    except (ImportError, AttributeError):
        return os.getenv("BALAI_RESET") == "watchdog"


def pick():
    """The slot to start, having counted this boot."""
    kept = (read("slot", None) or ["a", "0"])[:2]
    slot, crashes = kept
    crashes = int(crashes) + 1 if crashed() else 0
    other = SLOTS[slot == "a"]
    if fits(other) and (crashes >= CRASHES or not fits(slot)):
        slot, crashes = other, 0
    if [slot, str(crashes)] != kept:
        write("slot", slot, str(crashes))
    return slot


def main():
    """Run the firmware until something ends it, then reset."""
    board = None
    try:
        sys.path.insert(0, pick())
        if sys.platform == "esp32":
            from firmware.boards.esp32 import Board
        else:
            from firmware.boards.virtual import Board
        board = Board()
        from firmware.node import run

        run(board)
    except Exception as error:
        sys.print_exception(error)
        write("crashed", "1")
        try:
            from firmware.core.crashlog import keep

            keep("crash", error)
        except Exception as second:
            sys.print_exception(second)
    if board is not None:
        board.reset()
    import machine

    machine.reset()


if __name__ == "__main__":
    main()
