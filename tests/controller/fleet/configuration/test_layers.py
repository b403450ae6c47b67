"""Layers upon layers: merge patches are those of RFC 7396, and of each value it is known whence it came."""

import copy

import pytest
from hypothesis import given
from hypothesis import strategies as st

from controller.fleet.configuration.layers import MISSING, differences, fold, leaves, merge, origins, same

EXAMPLES = [  # RFC 7396, appendix A
    ({"a": "b"}, {"a": "c"}, {"a": "c"}),
    ({"a": "b"}, {"b": "c"}, {"a": "b", "b": "c"}),
    ({"a": "b"}, {"a": None}, {}),
    ({"a": "b", "b": "c"}, {"a": None}, {"b": "c"}),
    ({"a": ["b"]}, {"a": "c"}, {"a": "c"}),
    ({"a": "c"}, {"a": ["b"]}, {"a": ["b"]}),
    ({"a": {"b": "c"}}, {"a": {"b": "d", "c": None}}, {"a": {"b": "d"}}),
    ({"a": [{"b": "c"}]}, {"a": [1]}, {"a": [1]}),
    (["a", "b"], ["c", "d"], ["c", "d"]),
    ({"a": "b"}, ["c"], ["c"]),
    ({"a": "foo"}, None, None),
    ({"a": "foo"}, "bar", "bar"),
    ({"e": None}, {"a": 1}, {"e": None, "a": 1}),
    ([1, 2], {"a": "b", "c": None}, {"a": "b"}),
    ({}, {"a": {"bb": {"ccc": None}}}, {"a": {"bb": {}}}),
]

NAMES = st.sampled_from(["a", "b", "c/d", "e~f", ""])
ENDS = st.one_of(st.integers(0, 3), st.booleans(), st.text(max_size=2), st.lists(st.integers(0, 2), max_size=2))


def objects(ends: st.SearchStrategy[object]) -> st.SearchStrategy[dict[str, object]]:
    """Objects of objects, with `ends` at their ends."""
    inner = st.recursive(ends, lambda one: st.dictionaries(NAMES, one, max_size=3), max_leaves=8)
    return st.dictionaries(NAMES, inner, max_size=4)


PATCHES = objects(st.one_of(ENDS, st.none()))
VALUES = objects(ENDS)


@pytest.mark.parametrize(("target", "patch", "result"), EXAMPLES)
def test_the_examples_of_the_rfc_hold(target, patch, result):
    assert merge(target, patch) == result


@given(VALUES, PATCHES)
def test_a_patch_laid_twice_is_laid_once_and_neither_side_is_changed(target, patch):
    before = copy.deepcopy((target, patch))
    once = merge(target, patch)
    assert merge(once, patch) == once
    assert (target, patch) == before


@given(st.lists(PATCHES, max_size=5), PATCHES)
def test_a_sum_of_layers_holds_no_null_and_is_made_from_the_lowest_up(patches, last):
    made = fold([*patches, last])
    assert None not in [value for _, value in leaves(made)]
    assert same(merge(fold(patches), last), made)
    assert same(fold([made]), made)


@given(VALUES, PATCHES)
def test_null_removes_and_what_is_not_named_stays(target, patch):
    made = merge(target, patch)
    assert isinstance(made, dict)
    for name in target.keys() | patch.keys():
        if name not in patch:
            assert same(made[name], target[name])
        elif patch[name] is None:
            assert name not in made


def said(patch: object, pointer: str) -> object:
    """What a layer says at a pointer; MISSING where it says nothing there, nor above."""
    for part in pointer.split("/")[1:]:
        if not isinstance(patch, dict):
            return MISSING
        name = part.replace("~1", "/").replace("~0", "~")
        if name not in patch:
            return MISSING
        patch = patch[name]
    return patch


@given(st.lists(PATCHES, max_size=5))
def test_each_value_comes_from_the_last_layer_that_speaks_of_it(patches):
    named = [(f"layer-{number}", patch) for number, patch in enumerate(patches)]
    whence, made = origins(named), dict(leaves(fold(patches)))
    assert set(whence) == {pointer for pointer, value in made.items() if value != {}}
    for pointer, name in whence.items():
        number = [one for one, _ in named].index(name)
        assert same(said(patches[number], pointer), made[pointer])
        for later in patches[number + 1 :]:
            spoken = said(later, pointer)
            assert spoken is MISSING, "a later one goes before"


@given(VALUES, VALUES)
def test_differences_are_what_makes_one_of_the_other(before, after):
    found = differences(before, after)
    one, other = dict(leaves(before)), dict(leaves(after))
    assert (found == []) == same({k: v for k, v in one.items() if k}, {k: v for k, v in other.items() if k})
    for path, was, becomes in found:
        assert not same(was, becomes)
        assert same(one.pop(path, MISSING), was)
        if becomes is not MISSING:
            one[path] = becomes
    assert same({k: v for k, v in one.items() if k}, {k: v for k, v in other.items() if k})
