import dataclasses

import pytest

from admit import Expect

GOOD = {"issuer": "https://id.example", "audience": "api"}


def test_issuer_and_audience_must_be_said():
    for missing in GOOD:
        with pytest.raises(TypeError):
            Expect(**{name: value for name, value in GOOD.items() if name != missing})


@pytest.mark.parametrize(
    "wrong",
    [
        {"issuer": ""},
        {"audience": ""},
        {"issuer": None},
        {"leeway_s": -1},
        {"leeway_s": 61},
        {"algorithms": frozenset()},
        {"algorithms": frozenset({"none"})},
        {"algorithms": frozenset({"ES256", "HS999"})},
    ],
)
def test_a_value_that_breaks_its_rule_is_refused(wrong):
    with pytest.raises(ValueError):
        Expect(**(GOOD | wrong))


def test_the_old_name_of_an_algorithm_is_understood():
    """RFC 9864 renamed what PyJWT and others call EdDSA."""
    assert Expect(**GOOD, algorithms=frozenset({"EdDSA", "ES256"})).algorithms == {"Ed25519", "ES256"}


def test_expectations_cannot_be_changed_afterwards():
    with pytest.raises(dataclasses.FrozenInstanceError):
        Expect(**GOOD).audience = "other"
