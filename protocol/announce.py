"""How a number is spoken and shown, in Indonesian and English, as words and as clips.

"nomor antrian a lima, silakan ke loket dua": no leading zeros, a short pause (the clip "") before the number and before
the counter; several letters and numbers above 999 are legal.
"""

_ID = ("nol", "satu", "dua", "tiga", "empat", "lima", "enam", "tujuh", "delapan", "sembilan")
_NUMBERS = _ID + ("sepuluh", "sebelas", "belas", "puluh", "seratus", "ratus", "seribu", "ribu")
_LETTERS = "abcdefghijklmnopqrstuvwxyz"

# 47 clips, in the order in which a player's card numbers them.
CLIPS = ("chime", "nomor-antrian", "silakan-ke-loket") + _NUMBERS + tuple(_LETTERS)
HIGHEST = 9999

_EN = {
    "chime": "",
    "nomor-antrian": "number",
    "silakan-ke-loket": "please go to counter",
    "nol": "zero",
    "satu": "one",
    "dua": "two",
    "tiga": "three",
    "empat": "four",
    "lima": "five",
    "enam": "six",
    "tujuh": "seven",
    "delapan": "eight",
    "sembilan": "nine",
    "sepuluh": "ten",
    "sebelas": "eleven",
    "belas": "teen",
    "puluh": "ty",
    "seratus": "one hundred",
    "ratus": "hundred",
    "seribu": "one thousand",
    "ribu": "thousand",
}
_TEENS = "ten eleven twelve thirteen fourteen fifteen sixteen seventeen eighteen nineteen".split()
_TENS = "twenty thirty forty fifty sixty seventy eighty ninety".split()


def label(letter: str, no: int) -> str:
    """A ticket as people know it: "A 12"."""
    return "%s %d" % (letter, no)


def spoken(clip: str, lang: str) -> str:
    """What the voice says for one clip."""
    return clip.replace("-", " ") if lang != "en" else _EN.get(clip, clip)


def number(no: int):
    """The clips of an Indonesian number from 0 to 9999. Raises ValueError outside of it."""
    if not 0 <= no <= HIGHEST:
        raise ValueError("a number is 0 to %d" % HIGHEST)
    if no < 10:
        return [_ID[no]]
    made = []
    for size, word in ((1000, "ribu"), (100, "ratus")):
        count, no = divmod(no, size)
        if count == 1:
            made.append("se" + word)
        elif count:
            made += [_ID[count], word]
    if no == 10:
        made.append("sepuluh")
    elif no == 11:
        made.append("sebelas")
    elif 11 < no < 20:
        made += [_ID[no - 10], "belas"]
    else:
        tens, ones = divmod(no, 10)
        if tens:
            made += [_ID[tens], "puluh"]
        if ones:
            made.append(_ID[ones])
    return made


def clips(letter: str, no: int, counter: int, lang: str = "id"):
    """The clips of a call, in order; "" is a short pause. In English numbers are spoken digit by digit."""
    said = number if lang != "en" else _digits
    letters = [one for one in letter.lower() if one in _LETTERS]
    return ["chime", "nomor-antrian", ""] + letters + said(no) + ["", "silakan-ke-loket"] + said(counter)


def words(letter: str, no: int, counter: str, lang: str = "id") -> str:
    """A call as a sentence; `counter` is the counter's name or number."""
    if lang == "en":
        return "number %s, please go to %s" % (" ".join(list(letter.lower()) + [_english(no)]), counter)
    said = " ".join([one for one in letter.lower() if one in _LETTERS] + number(no))
    try:
        counter = "loket " + " ".join(number(int(counter)))
    except ValueError:
        pass
    return "nomor antrian %s, silakan ke %s" % (said, counter)


def _digits(no: int):
    return [_ID[int(one)] for one in str(no)]


def _english(no: int) -> str:
    if no < 10:
        return _EN[_ID[no]]
    if no < 20:
        return _TEENS[no - 10]
    for size, word in ((1000, " thousand"), (100, " hundred")):
        if no >= size:
            rest = " " + _english(no % size) if no % size else ""
            return _english(no // size) + word + rest
    return _TENS[no // 10 - 2] + ("-" + _english(no % 10) if no % 10 else "")
