"""Moments as people read them."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from controller.web.shell.times import age, day, exact, moment, span

NOON = int(datetime(2026, 11, 24, 5, 0, tzinfo=UTC).timestamp() * 1000)  # 12:00 WIB


def test_today_has_a_time_and_another_day_its_date():
    assert moment(NOON - 3_600_000, 420, "id", NOON) == "11:00"
    assert moment(NOON - 86_400_000, 420, "id", NOON) == "23 Nov 12:00"
    assert moment(NOON - 400 * 86_400_000, 420, "en", NOON) == "20 Oct 2025 12:00"
    assert moment(0, 420, "id", NOON) == "–", "it has never been"


def test_a_moment_is_told_in_the_zone_of_its_place():
    assert exact(NOON, 420, "id") == "24 Nov 2026 12:00:00 WIB"
    assert exact(NOON, 540, "en") == "24 Nov 2026 14:00:00 WIT"
    assert exact(NOON, 60, "en").endswith("UTC+0100")


@pytest.mark.parametrize(("passed", "said"), [(30_000, "30 detik"), (180_000, "3 menit"), (7_200_000, "2 jam")])
def test_an_age_is_said_in_its_largest_unit(passed, said):
    assert age(NOON - passed, "id", NOON) == said
    assert span(passed // 1000, "id") == said


@given(st.integers(0, 2**41), st.integers(-720, 840), st.sampled_from(("id", "en")), st.integers(0, 2**41))
def test_whatever_a_device_believes_can_be_shown(at, tz, lang, now):
    assert moment(at, tz, lang, now)
    assert exact(at, tz, lang)
    assert age(at, lang, now)


def test_a_day_has_the_name_of_its_weekday():
    assert day("2026-11-24", "id") == "Sel 24 Nov"
