"""What is read in one go into attributes is what the strict reader reads, and nothing that it refuses."""

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from admit.jose import Malformed, strict_json
from admit.jose.claims import LAST_SECOND, RFC9068_REQUIRED, plainly_typed
from admit.reading import Reader

GOOD = {
    "iss": "https://id.example",
    "sub": "alice",
    "aud": "api",
    "client_id": "web",
    "sid": "s1",
    "scope": "a b",
    "jti": "t1",
    "iat": 100,
    "exp": 400,
}


def learned(*many, required=RFC9068_REQUIRED):
    reader = Reader(required)
    for said in many:
        reader.learn(said)
    return reader


def as_text(said):
    return json.dumps(said).encode()


def fits(reader, said):
    try:
        reader.read(as_text(said))
    except ValueError:
        return False
    return True


def test_before_the_first_good_token_there_is_no_reader():
    assert Reader(RFC9068_REQUIRED).read is None


def test_claims_are_attributes_and_what_is_not_said_is_nothing():
    found = learned(GOOD).read(as_text(GOOD | {"sub": "bob"}))

    assert (found.iss, found.sub, found.aud, found.sid, found.scope) == (
        "https://id.example",
        "bob",
        "api",
        "s1",
        "a b",
    )
    assert (found.jti, found.iat, found.exp) == ("t1", 100, 400)
    assert (found.grant, found.nbf, found.auth_time) == (None, 0, 0)


@pytest.mark.parametrize("name", RFC9068_REQUIRED)
def test_a_claim_that_is_required_has_to_be_there(name):
    reader = learned(GOOD)

    assert fits(reader, GOOD)
    assert not fits(reader, {key: value for key, value in GOOD.items() if key != name})


@pytest.mark.parametrize("name", ["sid", "scope"])
def test_another_may_be_missing(name):
    assert fits(learned(GOOD), {key: value for key, value in GOOD.items() if key != name})


ODD = ("text", 5, -1, LAST_SECOND, LAST_SECOND + 1, 5.5, True, None, [], ["x"], [5], {}, {"a": 1}, "")


@pytest.mark.parametrize("odd", ODD, ids=repr)
@pytest.mark.parametrize("name", [*GOOD, "nbf", "auth_time", "amr", "grant", "acr"])
def test_a_registered_claim_of_another_type_is_refused(name, odd):
    usual = {"nbf": 5, "auth_time": 5, "amr": ["pwd"], "grant": "g", "acr": "x"}
    reader = learned(GOOD | usual)
    said = GOOD | usual | {name: odd}

    # An empty `sub` is text, which whoever asks the reader looks at.
    assert fits(reader, said) is (plainly_typed(said, required=RFC9068_REQUIRED) or (name, odd) == ("sub", ""))


def test_audiences_may_be_a_list():
    assert learned(GOOD).read(as_text(GOOD | {"aud": ["api", "other"]})).aud == ["api", "other"]


def test_a_claim_of_your_own_is_known_once_it_came_with_whatever_value():
    reader = learned(GOOD)

    assert not fits(reader, GOOD | {"plan": "gold"})
    reader.learn(GOOD | {"plan": "gold"})
    for value in ("silver", 5, 5.5, True, None):
        assert fits(reader, GOOD | {"plan": value})
    assert fits(reader, GOOD)
    assert not reader.nested
    assert not fits(reader, GOOD | {"plan": ["gold"]})
    reader.learn(GOOD | {"plan": ["gold"]})
    assert reader.nested
    for value in ({"a": [1]}, [], "silver"):
        assert fits(reader, GOOD | {"plan": value})
    reader.learn(GOOD | {"plan": "silver", "more": 1})
    assert reader.nested
    assert fits(reader, GOOD | {"plan": [1]})


@pytest.mark.parametrize("name", ["limits", "cnf", "parents"])
def test_what_is_judged_each_time_is_never_read_this_way(name):
    reader = learned(GOOD | {name: {"jkt": "x"}})

    assert reader.read is None
    reader.learn(GOOD)
    assert not fits(reader, GOOD | {name: {"jkt": "x"}})
    assert not fits(reader, GOOD | {name: None})


def test_a_reader_that_did_not_fit_is_there_again_after_a_token_that_does():
    reader = learned(GOOD)
    before, reader.read = reader.read, None
    reader.learn(GOOD | {"sub": "bob"})

    assert reader.read is before


def test_there_are_only_so_many_readers_and_the_last_stays():
    reader = learned(*(GOOD | {f"own{number}": 1} for number in range(100)))

    assert fits(reader, GOOD | {"own14": 1})
    assert not fits(reader, GOOD | {"own40": 1})


def test_a_token_with_very_many_claims_gets_none():
    reader = learned(GOOD | {f"own{number}": 1 for number in range(100)})

    assert reader.read is None
    reader.learn(GOOD)
    assert fits(reader, GOOD)


@pytest.mark.parametrize("name", ['a"b', "a\\b", "a\nb"])
def test_names_that_are_written_with_an_escape_are_left_to_the_other_way(name):
    reader = learned(GOOD | {name: 1})

    assert reader.read is None


@pytest.mark.parametrize(
    "name", ["https://example.com/roles", "class", "self", "_x", "ünïcode", "own3", "own11", "", " "]
)
def test_other_names_may_be_any_text(name):
    assert fits(learned(GOOD | {name: 1}), GOOD | {name: "x"})


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**70), 2**70) | st.floats(allow_nan=False) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=5,
)
NAMES = st.sampled_from([*GOOD, "nbf", "auth_time", "grant", "amr", "acr", "own", "roles"]) | st.text(max_size=3)
CLAIMS = st.builds(lambda more: GOOD | more, st.dictionaries(NAMES, VALUES, max_size=3))
MISSING = {"sid": None, "grant": None, "scope": None, "nbf": 0, "auth_time": 0}


def strictly(text):
    try:
        return strict_json.parse_object(text, what="payload", unique=False)
    except Malformed:
        return None


@given(before=CLAIMS, said=CLAIMS, noise=st.data())
@settings(max_examples=400, deadline=None)
def test_what_is_taken_the_strict_reader_takes_and_reads_the_same(before, said, noise):
    if not plainly_typed(before, required=RFC9068_REQUIRED):
        before = GOOD
    reader = learned(GOOD, before)
    text = bytearray(json.dumps(said, ensure_ascii=noise.draw(st.booleans())).encode("utf-8", "surrogatepass"))
    for _ in range(noise.draw(st.integers(0, 2))):
        text[noise.draw(st.integers(0, len(text) - 1))] = noise.draw(st.integers(0, 255))
    text = bytes(text)
    if reader.read is None or text.count(b"{") + text.count(b"[") > strict_json.MAX_DEPTH:
        return
    try:
        found = reader.read(text)
    except (ValueError, RecursionError):
        return

    strict = strictly(text)
    assert strict is not None
    assert plainly_typed(strict | {"sub": "x"}, required=RFC9068_REQUIRED) or any(
        isinstance(value, float) for value in strict.values()
    )
    for name in ("iss", "sub", "aud", "sid", "grant", "jti", "scope", "exp", "nbf", "iat", "auth_time"):
        assert getattr(found, name) == strict.get(name, MISSING.get(name)), name


@pytest.mark.parametrize(
    "text",
    [
        as_text(GOOD)[:-1] + b',"sub":"bob"}',
        as_text(GOOD)[:-1] + b',"\\u0073ub":"bob"}',
    ],
)
def test_of_a_member_that_stands_twice_the_last_one_counts_as_everywhere(text):
    assert learned(GOOD).read(text).sub == strictly(text)["sub"] == "bob"


@pytest.mark.parametrize("text", [b'"\\ud800"', b'"\xff"', b"1e999", b"NaN", b"01", b'"\n"', b"[1,]", b"{}}"])
@pytest.mark.parametrize("name", ["sid", "own", "roles"])
def test_what_is_no_json_is_refused_in_every_claim(name, text):
    reader = learned(GOOD | {"own": 1, "roles": []})
    whole = as_text(GOOD)[:-1] + f',"{name}":'.encode() + text + b"}"

    assert strictly(whole) is None
    with pytest.raises(ValueError, match=r"."):
        reader.read(whole)
