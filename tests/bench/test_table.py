"""The measured table: what is printed, what is kept, and when `make bench` fails."""

import json
import sys
import types
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench import __main__ as bench
from bench.table import Row, as_markdown

ABOUT = {"taken": "2026-11-24 12:00 UTC", "python": "3.11.7", "machine": "x86_64, 2 cores"}


def lines(*rows: Row) -> list[str]:
    """Return the table's lines below its head."""
    return as_markdown(ABOUT, list(rows)).rstrip("\n").split("\n")[6:]


def test_a_figure_stands_beside_its_reference_and_its_target():
    row = Row("durable ingest", 0.7239, "x", "discarding subscriber: 21,564 messages/s", "at least 0.5", True)
    assert lines(row) == [
        "| durable ingest | 0.724 x | discarding subscriber: 21,564 messages/s | at least 0.5 | met |"
    ]


def test_a_missed_target_is_shouted_and_none_is_silent():
    assert lines(Row("a", 1, "s", target="less", met=False), Row("b", 1, "s")) == [
        "| a | 1 s |  | less | MISSED |",
        "| b | 1 s |  |  |  |",
    ]


@given(st.floats(0, 1e9))
def test_a_figure_has_three_digits_at_least_and_no_exponent_below_a_thousandth(value):
    figure = lines(Row("a", value, "s"))[0].split("|")[2].removesuffix("s ").strip()
    assert float(figure.replace(",", "")) == pytest.approx(value, rel=0.006)
    assert "e" not in figure or value < 0.001


def test_where_and_when_it_was_taken_stands_above():
    assert "2026-11-24 12:00 UTC, x86_64, 2 cores, Python 3.11.7" in as_markdown(ABOUT, [])


@pytest.fixture
def measuring(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Make up a benchmark: `measuring(name, rows or an error)`."""

    def make(name: str, *found: Row | Exception) -> None:
        module = types.ModuleType(f"made_up_{name}")

        def measure() -> list[Row]:
            for one in found:
                if isinstance(one, Exception):
                    raise one
            return list(found)

        module.measure = measure
        monkeypatch.setitem(sys.modules, module.__name__, module)
        monkeypatch.setitem(bench.MEASURES, name, module.__name__)

    monkeypatch.setattr(bench, "MEASURES", {})
    return make


def test_every_benchmark_is_there():
    for name, module in bench.MEASURES.items():
        assert callable(__import__(module, fromlist=["measure"]).measure), name


def test_all_are_run_and_missed_targets_are_counted(measuring, tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    measuring("a", Row("one", 1, "s", target="less", met=False), Row("two", 2, "s"))
    measuring("b", Row("three", 3, "s", target="more", met=True))
    assert bench.main([], tmp_path) == 1
    kept = json.loads((tmp_path / "results.json").read_text())
    assert [row["name"] for row in kept["rows"]] == ["one", "two", "three"]
    text = (tmp_path / "results.md").read_text()
    assert "MISSED" in text
    assert text in capsys.readouterr().out


def test_a_benchmark_that_fails_is_a_target_missed_and_the_others_are_run(measuring, tmp_path: Path):
    measuring("a", RuntimeError("the broker is gone"))
    measuring("b", Row("three", 3, "s", target="more", met=True))
    assert bench.main([], tmp_path) == 1
    assert "three" in (tmp_path / "results.md").read_text()


def test_what_had_failed_and_is_measured_now_has_not_failed(measuring, tmp_path: Path):
    measuring("a", RuntimeError("the broker is gone"))
    bench.main([], tmp_path)
    measuring("a", Row("one", 1, "s", target="more", met=True))
    assert bench.main(["a"], tmp_path) == 0
    assert "failed" not in (tmp_path / "results.md").read_text()


def test_one_by_its_name_stands_among_what_was_measured_before(measuring, tmp_path: Path):
    measuring("a", Row("one", 1, "s"), Row("two", 2, "s"))
    bench.main([], tmp_path)
    measuring("a", Row("one", 9, "s"))
    assert bench.main(["a"], tmp_path) == 0
    kept = {row["name"]: row["value"] for row in json.loads((tmp_path / "results.json").read_text())["rows"]}
    assert kept == {"one": 9, "two": 2}
    with pytest.raises(KeyError):
        bench.main(["c"], tmp_path)
