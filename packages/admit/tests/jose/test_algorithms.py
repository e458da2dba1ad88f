import pytest

from admit.jose import SIGNING
from admit.jose.algorithms import algorithm_for_key


def test_there_is_no_row_for_none():
    assert set(SIGNING) == {"HS256", "ES256", "RS256"}


def test_only_secrets_are_symmetric():
    assert [row.name for row in SIGNING.values() if row.symmetric] == ["HS256"]


@pytest.mark.parametrize(
    ("kty", "crv", "declared", "name"),
    [
        ("EC", "P-256", None, "ES256"),
        ("EC", "P-256", "ES256", "ES256"),
        ("RSA", None, None, "RS256"),
        ("oct", None, None, "HS256"),
        ("EC", "P-384", None, None),
        ("EC", "P-256", "RS256", None),
        ("RSA", None, "HS256", None),
        ("OKP", "Ed25519", None, None),
    ],
)
def test_type_and_curve_of_a_key_decide_its_row(kty, crv, declared, name):
    row = algorithm_for_key(kty=kty, crv=crv, declared=declared)

    assert (None if row is None else row.name) == name
