"""Signing keys over time."""

import pytest

from admit_server.domain.signing_key import PUBLISH_AHEAD_S, SigningKey, activation_time


def key(**times: int | None) -> SigningKey:
    return SigningKey(kid="k", alg="ES256", public_jwk={}, sealed_private=b"secret", published_at=1000, **times)


@pytest.mark.parametrize(
    ("now", "state"),
    [
        (1000, "next"),
        (1999, "next"),
        (2000, "active"),
        (2999, "active"),
        (3000, "retiring"),
        (3999, "retiring"),
        (4000, "removed"),
    ],
)
def test_a_key_is_next_then_active_then_retiring_then_removed(now, state):
    assert key(signs_from=2000, signs_until=3000, removed_at=4000).state(now) == state


def test_a_key_without_a_time_to_sign_waits():
    assert key().state(10**12) == "next"


def test_a_key_without_an_end_signs_on():
    assert key(signs_from=1000).state(10**12) == "active"


@pytest.mark.parametrize("now", [1000, 1300, 1600, 9000])
def test_a_key_signs_only_when_every_verifier_can_know_it(now):
    assert activation_time(key(), now=now) == max(now, 1000 + PUBLISH_AHEAD_S)


def test_its_private_half_is_in_no_representation():
    assert "secret" not in repr(key())
