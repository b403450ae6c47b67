"""Text on 32 columns: nothing is lost, nothing is a command, nothing runs over the edge."""

import json
import subprocess
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from firmware.drivers import escpos

ROOT = Path(__file__).resolve().parents[3]
WORDS = st.text(st.characters(codec="utf-8"), max_size=200)


@given(WORDS)
def test_text_holds_no_command(value):
    assert all(0x20 <= byte <= 0x7E for byte in escpos.text(value))


@given(WORDS, st.integers(1, 40))
def test_wrapped_lines_fit_and_keep_every_character(value, columns):
    lines = list(escpos.wrap(value, columns))
    assert all(0 < len(line) <= columns for line in lines)
    assert "".join(lines).replace(" ", "") == "".join(value.split()).replace(" ", "")


@given(st.text("abc ", max_size=20), WORDS)
def test_a_pair_is_one_line(label, value):
    assert len(escpos.pair(label, value)) == escpos.COLUMNS + 1


@given(st.text("AB 0123456789", min_size=1, max_size=32))
def test_a_huge_line_fits_the_paper(value):
    size = escpos.huge(value)[8] >> 4
    assert len(value) * (size + 1) <= escpos.COLUMNS
    assert escpos.huge(value)[6:8] == b"\x1d!"


def test_micropython_gives_the_same_bytes_as_here(micropython):
    value = "Membawa KTP-el dan KK asli, surat pengantar RT/RW – bagi anak < 17 tahun: akta kelahiran"
    program = (
        "import sys, json; sys.path.insert(0, '.'); from firmware.drivers import escpos; "
        f"print(json.dumps([b.hex() for b in escpos.paragraph({json.dumps(value)})]))"
    )
    out = subprocess.run([micropython, "-c", program], capture_output=True, text=True, check=True, cwd=ROOT).stdout
    assert json.loads(out) == [part.hex() for part in escpos.paragraph(value)]
