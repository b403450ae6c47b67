"""An identity that a device could not use never reaches a flash, and none is ever printed."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from provisioning.identity import IdentityError, complete, encode, networks_of

CLAIM = {
    "device": "b0a732a1c0de",
    "role": "kiosk",
    "username": "b0a732a1c0de.3",
    "secret": "rahasia-rahasia-rahasia",
    "generation": 3,
    "brokers": [{"host": "balai.example", "port": 8883, "tls": True}],
    "ca": "-----BEGIN CERTIFICATE-----",
    "site": "genteng-kulon",
    "position": "kiosk-1",
}
FIELDS = {*CLAIM, "networks", "lang", "release_key"}  # of the contract, section 9

names = st.text(st.characters(codec="utf-8", exclude_categories=["Cs", "Cc"]), min_size=1, max_size=8)
passwords = st.just("") | st.text(st.characters(codec="ascii", exclude_categories=["Cc"]), min_size=8, max_size=63)
networks = st.lists(st.tuples(names, passwords), max_size=4, unique=True)


def test_it_has_the_fields_of_the_contract_and_no_other():
    assert complete({**CLAIM, "novel": 1}).keys() == FIELDS
    assert complete({**CLAIM, "ca": None, "brokers": [{"host": "x", "port": 1883, "tls": False}]})["ca"] == ""


@given(networks, networks)
def test_the_networks_of_the_site_go_before_those_of_the_technician(site, more):
    found = complete({**CLAIM, "networks": [list(one) for one in site]}, more)["networks"]
    assert found == [list(one) for one in (*site, *(one for one in more if one not in site))]


@given(st.permutations(sorted(CLAIM)))
def test_the_same_content_gives_the_same_bytes(order):
    assert encode(complete({name: CLAIM[name] for name in order})) == encode(complete(CLAIM))
    assert json.loads(encode(complete(CLAIM))) == complete(CLAIM)


@given(
    st.sampled_from(sorted(CLAIM)),
    st.none() | st.booleans() | st.integers(-9, 0) | st.text("!Z/.", max_size=3) | st.lists(st.integers(), max_size=2),
)
def test_a_field_that_makes_no_sense_is_named_and_its_value_is_not(field, value):
    usable = (value == "" and field in ("site", "position")) or (
        isinstance(value, str) and (field == "ca" or (value and field in ("secret", "username")))
    )
    if usable and not (field == "ca" and not value):
        complete({**CLAIM, field: value})
        return
    with pytest.raises(IdentityError) as refused:
        complete({**CLAIM, field: value})
    assert "rahasia" not in str(refused.value)
    assert "\n" not in str(refused.value)


def test_a_broker_with_tls_needs_a_ca():
    with pytest.raises(IdentityError, match="no CA"):
        complete({**CLAIM, "ca": None})


@pytest.mark.parametrize(
    "wrong", [{}, "x", [["only a name"]], [["name", 5]], [["", "password"]], [["name", "short"]], [["x" * 33, ""]]]
)
def test_networks_that_make_no_sense_are_refused(wrong):
    with pytest.raises(IdentityError):
        networks_of(wrong)
