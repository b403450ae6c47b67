"""Partition tables are read by the boot loader of every board: to the byte."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from provisioning.errors import BoardError, ImageError
from provisioning.image.partitions import APP, DATA, SIZE, Partition, decode, encode, layout

MB = 1 << 20
STOCK_APP = 1_640_800

names = st.text("abcdefghijklmnopqrstuvwxyz_0123456789", min_size=1, max_size=15)
rows = st.builds(
    Partition,
    names,
    st.sampled_from([APP, DATA]),
    st.integers(0, 0xFE),
    st.integers(0, 0xFFFF).map(lambda n: n * 0x1000),
    st.integers(1, 0xFFFF).map(lambda n: n * 0x1000),
)


@given(st.lists(rows, max_size=94))
def test_what_is_written_is_read(table):
    assert len(encode(table)) == SIZE
    assert decode(encode(table)) == table


def test_the_table_of_the_stock_image_is_made_again_to_the_byte(stock):
    data = stock.read_bytes()[0x7000:][:SIZE]
    assert encode(decode(data)) == data


@given(st.lists(rows, min_size=1, max_size=20), st.data())
def test_a_table_with_a_bit_turned_over_is_refused(table, data):
    written = bytearray(encode(table))
    bit = data.draw(st.integers(0, (len(table) + 1) * 32 * 8 - 1))
    written[bit // 8] ^= 1 << bit % 8
    with pytest.raises(ImageError, match="partition table"):
        decode(bytes(written))


def test_four_megabytes_hold_two_applications_and_the_files():
    table = {one.name: (one.offset, one.size) for one in layout(4 * MB, STOCK_APP)}
    assert table == {
        "nvs": (0x9000, 0x4000),
        "otadata": (0xD000, 0x2000),
        "phy_init": (0xF000, 0x1000),
        "ota_0": (0x10000, 0x1A0000),
        "ota_1": (0x1B0000, 0x1A0000),
        "vfs": (0x350000, 0xB0000),
    }


@given(st.sampled_from([2, 4, 8, 16, 32]), st.integers(1, 8 * MB))
def test_a_layout_overlaps_nowhere_and_fits(megabytes, application):
    flash = megabytes * MB
    slot = max(0x200000 if megabytes >= 8 else 0x1A0000, -(-application // 0x10000) * 0x10000)
    if 0x10000 + slot + 0x80000 > flash:
        with pytest.raises(BoardError, match="too little"):
            layout(flash, application)
        return
    table = layout(flash, application)
    at = 0x9000
    for one in table:
        assert one.offset == at
        at = one.end
    apps = [one for one in table if one.type == APP]
    assert at <= flash
    assert all(one.offset % 0x10000 == 0 and one.size >= application for one in apps)
    assert {one.size for one in apps} == {slot}
    assert table[-1].name == "vfs"
    assert (len(apps) == 2) == (0x10000 + 2 * slot + 0x80000 <= flash), "two wherever there is room"
