"""What a device may show stands in the technician's manual, with what to do."""

from pathlib import Path

from protocol.codes import CODES

MANUAL = Path(__file__).resolve().parents[2] / "docs" / "id" / "teknisi.md"


def test_every_code_is_in_the_manual_with_its_sentence() -> None:
    text = MANUAL.read_text()
    assert [code for code, sentences in CODES.items() if f"| `{code}` | {sentences[0]} |" not in text] == []
