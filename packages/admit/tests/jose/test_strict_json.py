import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from admit.jose import Malformed
from admit.jose.strict_json import MAX_DEPTH, parse_object

JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**53), 2**53)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


def nested(depth):
    return b'{"a":' + b"[" * (depth - 1) + b"]" * (depth - 1) + b"}"


@given(st.dictionaries(st.text(alphabet=st.characters(exclude_categories=["Cs"])), JSON, max_size=5))
def test_every_ordinary_object_comes_through(value):
    assert parse_object(json.dumps(value).encode(), what="x", unique=True) == value


@given(st.binary(max_size=60))
def test_whatever_comes_it_is_an_object_or_malformed(data):
    try:
        assert isinstance(parse_object(data, what="x", unique=True), dict)
    except Malformed:
        pass


def test_nesting_ends_at_its_limit():
    assert parse_object(nested(MAX_DEPTH), what="x", unique=False)
    for depth in (MAX_DEPTH + 1, 100_000):
        with pytest.raises(Malformed, match="nested"):
            parse_object(nested(depth), what="x", unique=False)


def lists(depth):
    return b"[" * depth + b"]" * depth


@pytest.mark.parametrize(
    ("text", "fits"),
    [
        (nested(16), True),
        (nested(17), False),
        (b'{"a":' + lists(15) + b',"b":' + lists(15) + b"}", True),
        (b'{"a":' + lists(15) + b',"b":' + lists(16) + b"}", False),
        (b'{"a":{},"b":' + lists(15) + b',"c":{"d":' + lists(14) + b"}}", True),
        (b'{"a":{},"b":{"c":' + lists(15) + b"}}", False),
        (b'{"a":"' + b"[" * 20 + b'"}', True),
        (b'{"a":"\\"' + b"[{" * 20 + b'"}', True),
        (b'{"a":"\\\\","b":' + lists(16) + b"}", False),
        (b'{"a":"\\n]]]]","b":' + lists(16) + b"}", False),
        (b'{"a":"\\\\' + b"[" * 20 + b'","b":' + lists(15) + b"}", True),
    ],
    ids=lambda value: repr(value)[:40],
)
def test_only_brackets_outside_of_texts_nest(text, fits):
    if fits:
        assert parse_object(text, what="x", unique=False) == json.loads(text)
    else:
        with pytest.raises(Malformed, match="the x is nested more than 16 deep"):
            parse_object(text, what="x", unique=False)


def test_width_is_no_depth():
    assert len(parse_object(json.dumps({"a": [[]] * 500}).encode(), what="x", unique=False)["a"]) == 500


def test_a_member_that_stands_twice_is_refused_or_the_last_one_wins():
    with pytest.raises(Malformed, match="twice"):
        parse_object(b'{"a": {"b": 1, "b": 2}}', what="x", unique=True)
    assert parse_object(b'{"a": 1, "a": 2}', what="x", unique=False) == {"a": 2}


@pytest.mark.parametrize("number", ["NaN", "Infinity", "-Infinity", "1e999", "-1e999", "01", "1" * 5000])
def test_numbers_that_are_none_are_refused(number):
    with pytest.raises(Malformed):
        parse_object(f'{{"a": {number}}}'.encode(), what="x", unique=False)


@pytest.mark.parametrize("text", [b'{"\\ud800": 1}', b'{"a": "\\udc00x"}', b'{"a": "\xed\xa0\x80"}'])
def test_half_a_character_is_refused(text):
    with pytest.raises(Malformed):
        parse_object(text, what="x", unique=False)
