import datetime

import pytest

from admit import Issuer, Verifier
from admit.jose import Jwk, generate_key, parse, verify

SECRET = b"0123456789abcdef0123456789abcdef"
SHOP = "https://shop.example"


def issue(clock, key=SECRET, **options):
    return Issuer(issuer=SHOP, key=key, clock=clock).issue(**({"subject": "alice", "audience": SHOP} | options))


def claims_of(token, key=None):
    return verify(token, key or Jwk.from_secret(SECRET), types={"at+jwt"}).claims


def test_a_token_carries_all_that_rfc_9068_requires(clock):
    token = Issuer(issuer=SHOP, key=SECRET, clock=clock, entropy=lambda n: b"\x00" * n).issue(
        subject="alice", audience=SHOP, scopes=["cart", "pay"], lifetime_s=900
    )

    assert parse(token).header.typ == "at+jwt"
    assert claims_of(token) == {
        "iss": SHOP,
        "sub": "alice",
        "aud": SHOP,
        "iat": clock.now,
        "exp": clock.now + 900,
        "jti": "AAAAAAAAAAAAAAAAAAAAAA",
        "client_id": SHOP,
        "scope": "cart pay",
    }


def test_every_token_has_its_own_id(clock):
    assert claims_of(issue(clock))["jti"] != claims_of(issue(clock))["jti"]


def test_several_audiences_become_a_list(clock):
    assert claims_of(issue(clock, audience=["a", "b"]))["aud"] == ["a", "b"]


def test_a_private_key_signs_as_well(clock):
    key = generate_key("ES256", kid="k1")
    issuer = Issuer(issuer=SHOP, key=key, clock=clock)
    verifier = Verifier(issuer=SHOP, audience=SHOP, keys=issuer.jwks, revocations=None, clock=clock)

    assert verifier.verify(issuer.issue(subject="alice", audience=SHOP)).subject == "alice"


def test_a_secret_is_not_among_the_published_keys():
    assert len(Issuer(issuer=SHOP, key=SECRET).jwks) == 0


@pytest.mark.parametrize("key", [b"", b"short", b"x" * 31, generate_key("ES256").public(), "x" * 32])
def test_a_key_that_is_too_short_or_cannot_sign_is_refused(key):
    with pytest.raises(ValueError):
        Issuer(issuer=SHOP, key=key)


@pytest.mark.parametrize(
    "wrong",
    [
        {"subject": ""},
        {"audience": ""},
        {"audience": []},
        {"lifetime_s": 0},
        {"lifetime_s": -5},
        {"scopes": ["a b"]},
        {"scopes": "a b"},
        {"scopes": [""]},
        {"claims": {"sub": "mallory"}},
        {"claims": {"exp": 1}},
    ],
)
def test_what_cannot_be_meant_is_refused(clock, wrong):
    with pytest.raises(ValueError):
        issue(clock, **wrong)


def test_further_claims_are_carried(clock):
    assert claims_of(issue(clock, claims={"sid": "s", "org": "acme"}))["org"] == "acme"


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        ({"subject": 7}, "subject and audience must be text.*got 7"),
        ({"audience": None}, "subject and audience must be text"),
        ({"lifetime_s": datetime.timedelta(minutes=1)}, "lifetime_s must be a number of seconds"),
        ({"lifetime_s": float("inf")}, "lifetime_s must be a number of seconds"),
        ({"lifetime_s": float("nan")}, "lifetime_s must be a number of seconds"),
    ],
)
def test_what_is_of_another_type_is_named(clock, wrong, says):
    with pytest.raises(ValueError, match=says):
        issue(clock, **wrong)


def test_an_issuer_that_is_no_text_is_refused():
    with pytest.raises(ValueError, match="issuer must be text"):
        Issuer(issuer=None, key=SECRET)
