"""A map without tiles: whatever places it is given lie on the sheet, as they lie to each other."""

from hypothesis import assume, given
from hypothesis import strategies as st

from controller.incidents.halls.chart import LEAST, LINES, MARGIN, MOST, WIDTH, Chart

points = st.lists(
    st.tuples(st.floats(95, 141, allow_subnormal=False), st.floats(-11, 6, allow_subnormal=False)),
    min_size=1,
    max_size=30,
)


@given(points)
def test_every_place_is_on_the_sheet(places):
    chart = Chart(places)
    assert LEAST <= chart.height <= MOST
    for lon, lat in places:
        x, y = chart.at(lon, lat)
        assert MARGIN - 1 <= x <= WIDTH - MARGIN + 1
        assert MARGIN - 1 <= y <= chart.height - MARGIN + 1


@given(points)
def test_east_is_to_the_right_and_north_above(places):
    chart = Chart(places)
    (lon, lat), (other_lon, other_lat) = places[0], places[-1]
    (x, y), (other_x, other_y) = chart.at(lon, lat), chart.at(other_lon, other_lat)
    assert lon > other_lon or x <= other_x
    assert lat > other_lat or y >= other_y


@given(points)
def test_there_are_lines_to_go_by_but_not_too_many(places):
    chart = Chart(places)
    lines = chart.graticule()
    upright = [one for one in lines if one.x1 == one.x2]
    assert len(upright) <= LINES + 1
    assert len(lines) - len(upright) <= LINES + 1
    assert len({one.name for one in lines}) == len(lines)


def test_a_regency_is_not_stretched():
    chart = Chart([(114.0, -8.6), (114.4, -8.0)])
    (west, south), (east, north) = chart.at(114.0, -8.6), chart.at(114.4, -8.0)
    wide, high = east - west, south - north
    assert abs(wide / high - 0.4 * 0.9895 / 0.6) < 0.01, "a degree of longitude is a little shorter at 8.3 degrees"
    assert {one.name for one in chart.graticule()} >= {"114.1° E", "8.3° S"}


def test_one_hall_alone_lies_in_the_middle():
    chart = Chart([(114.2, -8.3)])
    assert chart.at(114.2, -8.3) == (WIDTH / 2, round(chart.height / 2, 1))
    assert chart.graticule()


@given(points)
def test_the_same_places_give_the_same_sheet(places):
    assume(len(places) > 1)
    assert Chart(places).at(*places[0]) == Chart(list(reversed(places))).at(*places[0])
