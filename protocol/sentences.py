"""What the clips say, and a call as a sentence, in Indonesian and English. CPython only: devices play clips."""

from protocol.announce import DIGITS, LETTERS, number

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


def spoken(clip: str, lang: str) -> str:
    """What the voice says for one clip."""
    return clip.replace("-", " ") if lang != "en" else _EN.get(clip, clip)


def words(letter: str, no: int, counter: str, lang: str = "id") -> str:
    """A call as a sentence; `counter` is the counter's name or number."""
    if lang == "en":
        return "number %s, please go to %s" % (" ".join(list(letter.lower()) + [_english(no)]), counter)
    said = " ".join([one for one in letter.lower() if one in LETTERS] + number(no))
    try:
        counter = "loket " + " ".join(number(int(counter)))
    except ValueError:
        pass
    return "nomor antrian %s, silakan ke %s" % (said, counter)


def _english(no: int) -> str:
    if no < 10:
        return _EN[DIGITS[no]]
    if no < 20:
        return _TEENS[no - 10]
    for size, word in ((1000, " thousand"), (100, " hundred")):
        if no >= size:
            rest = " " + _english(no % size) if no % size else ""
            return _english(no // size) + word + rest
    return _TENS[no // 10 - 2] + ("-" + _english(no % 10) if no % 10 else "")
