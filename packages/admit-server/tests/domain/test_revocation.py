"""Handles and positions of the revocation feed, to the letter of its reference."""

import base64
import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from admit_server.domain.revocation import GREATEST_LEEWAY_S, FeedHead, Revocation, handle, parse_position


@given(st.sampled_from(["sid", "grant", "jti"]), st.text(min_size=1, max_size=60))
def test_a_handle_is_the_first_half_of_a_hash_of_kind_and_value(kind, value):
    half = hashlib.sha256(kind.encode() + b"\x00" + value.encode()).digest()[:16]
    assert handle(kind, value) == base64.urlsafe_b64encode(half).decode().rstrip("=")
    assert len(handle(kind, value)) == 22


def test_the_same_value_has_another_handle_in_each_kind():
    assert len({handle(kind, "x") for kind in ("sid", "grant", "jti")}) == 3


@given(st.integers(0, 10**18 - 1), st.from_regex(r"[A-Za-z0-9_-]{1,64}", fullmatch=True))
def test_a_position_can_be_read_back(seq, nonce):
    assert parse_position(FeedHead(seq, nonce).position) == FeedHead(seq, nonce)
    assert parse_position(Revocation(seq, nonce, "h", None, 1).position) == FeedHead(seq, nonce)


@pytest.mark.parametrize(
    "text",
    ["", ".", "41", "41.", ".abc", "-1.abc", "+1.abc", "4 1.abc", "1e3.abc", "٤.abc", "²." + "abc", "1" * 19 + ".abc", "1.a.b", "1.a b",
     "1.é", "1.a\x00", "1." + "a" * 65, "1.a\n", "0x1.abc", "1_0.abc"],
)  # fmt: skip
def test_what_is_no_position_is_told_from_one_that_is_unknown(text):
    assert parse_position(text) is None


def test_the_position_before_the_first_revocation_is_zero():
    assert FeedHead(0, "pX3kq0aTz8E").position == "0.pX3kq0aTz8E"


def test_the_leeway_is_the_greatest_that_a_verifier_may_set():
    from admit import expect

    assert expect.Expect(issuer="https://id.example", audience="x", leeway_s=GREATEST_LEEWAY_S)
    with pytest.raises(ValueError, match="leeway"):
        expect.Expect(issuer="https://id.example", audience="x", leeway_s=GREATEST_LEEWAY_S + 1)
