"""How a number is shown, and the clips with which a device or a board speaks it.

"nomor antrian a lima, silakan ke loket dua": no leading zeros, a short pause (the clip "") before the number and before
the counter; several letters and numbers above 999 are legal.
"""

DIGITS = ("nol", "satu", "dua", "tiga", "empat", "lima", "enam", "tujuh", "delapan", "sembilan")
_NUMBERS = DIGITS + ("sepuluh", "sebelas", "belas", "puluh", "seratus", "ratus", "seribu", "ribu")
LETTERS = "abcdefghijklmnopqrstuvwxyz"

# 47 clips, in the order in which a player's card numbers them.
CLIPS = ("chime", "nomor-antrian", "silakan-ke-loket") + _NUMBERS + tuple(LETTERS)
HIGHEST = 9999


def label(letter: str, no: int) -> str:
    """A ticket as people know it: "A 12"."""
    return "%s %d" % (letter, no)


def number(no: int):
    """The clips of an Indonesian number from 0 to 9999. Raises ValueError outside of it."""
    if not 0 <= no <= HIGHEST:
        raise ValueError("a number is 0 to %d" % HIGHEST)
    if no < 10:
        return [DIGITS[no]]
    made = []
    for size, word in ((1000, "ribu"), (100, "ratus")):
        count, no = divmod(no, size)
        if count == 1:
            made.append("se" + word)
        elif count:
            made += [DIGITS[count], word]
    if no == 10:
        made.append("sepuluh")
    elif no == 11:
        made.append("sebelas")
    elif 11 < no < 20:
        made += [DIGITS[no - 10], "belas"]
    else:
        tens, ones = divmod(no, 10)
        if tens:
            made += [DIGITS[tens], "puluh"]
        if ones:
            made.append(DIGITS[ones])
    return made


def clips(letter: str, no: int, counter: int, lang: str = "id"):
    """The clips of a call, in order; "" is a short pause. In English numbers are spoken digit by digit."""
    said = number if lang != "en" else _digits
    letters = [one for one in letter.lower() if one in LETTERS]
    return ["chime", "nomor-antrian", ""] + letters + said(no) + ["", "silakan-ke-loket"] + said(counter)


def _digits(no: int):
    return [DIGITS[int(one)] for one in str(no)]
