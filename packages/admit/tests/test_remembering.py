"""What the short way remembers is bounded, and is no more than what was found good."""

import importlib.util

import pytest

from admit.jose import Header, Jwk, base64url
from admit.jose.strict_json import MAX_DEPTH
from admit.remembering import MOST_READ, KnownHeader, KnownToken, Remembered

SECRET = Jwk.from_secret(b"k" * 32, kid="k")
REQUIRED = ("sub", "exp")
SAID = {"sub": "alice", "exp": 5}


def known_header(*, critical=(), key=SECRET):
    header = Header(alg=key.alg, kid=key.kid, typ="at+jwt", critical=frozenset(critical), members={})
    return KnownHeader(header, key, required=REQUIRED, signature=base64url.encode(key.sign(b"x")))


def known_token(**more):
    return KnownToken(SAID | more, known_header(), b"{}", ends=5.0)


def test_a_header_knows_how_its_key_checks():
    header = known_header()

    assert (header.kid, header.key, header.required, header.limited) == ("k", SECRET, REQUIRED, False)
    assert header.check(header.mac(b"x"), b"x")
    assert not header.check(header.mac(b"x"), b"y")
    assert known_header(critical=("limits",)).limited is True


def test_claims_are_read_in_one_go_where_something_can_do_that():
    assert (known_header().reader is not None) == (importlib.util.find_spec("msgspec") is not None)


@pytest.mark.parametrize("alg", ["ES256", "Ed25519"])
def test_of_a_signature_no_tag_is_made_to_compare(alg):
    from admit.jose import generate_key

    key = generate_key(alg)

    assert known_header(key=key).mac is None
    assert known_header(key=key).check(key.sign(b"x"), b"x")


@pytest.mark.parametrize(
    ("said", "good"),
    [
        (SAID, True),
        (SAID | {"own": {"a": 1}}, True),
        (SAID | {"aud": ["x"]}, True),
        ({"sub": "alice"}, False),
        (SAID | {"sub": 5}, False),
        (SAID | {"aud": [5]}, False),
    ],
)
def test_claims_fit_where_all_are_there_and_each_is_of_its_type(said, good):
    assert known_header().fits(said, b"{}") is good


@pytest.mark.parametrize("bracket", [b"{", b"["])
def test_claims_with_more_brackets_than_they_may_be_deep_are_left_to_the_strict_reader(bracket):
    assert known_header().fits(SAID, bracket * MAX_DEPTH) is True
    assert known_header().fits(SAID, bracket * (MAX_DEPTH + 1)) is False
    assert known_header().fits(SAID, b"{" * MAX_DEPTH + b"[") is False


def test_names_and_types_of_good_claims_are_known_the_next_time():
    header = known_header()
    header.fits(SAID, b"{}")

    assert header.latest == (("sub", "exp"), [str, int])
    assert header.shapes == {("sub", "exp"): [str, int]}


@pytest.mark.parametrize("more", [{"aud": ["x"]}, {"org": {}}])
def test_of_lists_and_objects_the_type_says_too_little_to_be_known(more):
    header = known_header()
    header.fits(SAID | more, b"{}")

    assert header.latest == ((), None)
    assert header.shapes == {}


def test_only_64_orders_of_names_are_known():
    header = known_header()
    for number in range(64):
        header.fits(SAID | {f"own{number}": 1}, b"{}")
    assert len(header.shapes) == 64
    header.fits(SAID | {"another": 1}, b"{}")

    assert list(header.shapes) == [("sub", "exp", "another")]


@pytest.mark.parametrize(("more", "plain"), [({}, True), ({"limits": {}}, False), ({"cnf": {}}, False)])
def test_a_token_is_plain_that_is_limited_by_nothing_and_bound_to_nothing(more, plain):
    assert known_token(**more).plain is plain
    assert KnownToken(SAID | more, known_header(critical=("limits",)), b"{}", ends=5.0).plain is False


def test_only_64_headers_are_known():
    memory, header = Remembered(None, max_tokens=10), known_header()
    for number in range(64):
        memory.keep_header(str(number), header)
    assert len(memory.headers) == 64
    memory.keep_header("another", header)

    assert memory.headers == {"another": header}


def test_tokens_that_end_together_share_the_moment_and_only_4096_moments_are_known():
    memory = Remembered(None, max_tokens=10)
    first = memory.same_moment(float(5))
    assert memory.same_moment(float(5)) is first
    for number in range(4095):
        memory.same_moment(10.5 + number)
    assert memory.same_moment(float(5)) is not first  # forgotten: there is room for no more
    assert memory.same_moment(7.0) == 7.0


def test_the_last_moment_for_which_there_is_room_is_still_shared():
    memory = Remembered(None, max_tokens=10)
    first = memory.same_moment(float(5))
    for number in range(4094):
        memory.same_moment(10.5 + number)

    assert memory.same_moment(float(5)) is first


@pytest.mark.parametrize("max_tokens", [1, 4, 100, 10_000])
def test_there_are_between_four_and_eight_marks_for_each_token(max_tokens):
    """Fewer, and strangers would look like tokens that were shown before."""
    memory = Remembered(None, max_tokens=max_tokens)

    assert memory.spots & (memory.spots + 1) == 0  # a mask
    assert 4 * max_tokens < len(memory.shown) == memory.spots + 1 <= 8 * max_tokens
    assert memory.mark == 1
    assert not any(memory.shown)


def test_who_remembers_no_tokens_marks_none():
    memory = Remembered(None, max_tokens=0)

    assert (memory.spots, memory.mark, bytes(memory.shown)) == (0, 0, b"\0")


def test_tokens_live_in_two_generations_of_half_the_room_each():
    memory, one = Remembered(None, max_tokens=4), known_token()
    memory.shown[3] = memory.mark
    memory.keep_token(b"1", one)
    memory.keep_token(b"2", one)
    assert (list(memory.younger), list(memory.older)) == ([b"1", b"2"], [])
    assert memory.shown[3]

    memory.keep_token(b"3", one)
    assert (list(memory.younger), list(memory.older)) == ([b"3"], [b"1", b"2"])
    assert len(memory.shown) == memory.spots + 1
    assert not any(memory.shown)  # its marks went with the generation

    memory.keep_token(b"4", one)
    memory.keep_token(b"5", one)
    assert (list(memory.younger), list(memory.older)) == ([b"5"], [b"3", b"4"])


def test_claims_that_were_read_longest_ago_make_room_for_others():
    memory = Remembered(None, max_tokens=10)
    tokens = [known_token() for _ in range(MOST_READ + 1)]
    for one in tokens[:MOST_READ]:
        one.said = None
        memory.keep_read(one, SAID)
    assert all(one.said is SAID for one in tokens[:MOST_READ])
    memory.keep_read(tokens[MOST_READ], SAID)

    assert [place for place, one in enumerate(tokens) if one.said is None] == [0]
