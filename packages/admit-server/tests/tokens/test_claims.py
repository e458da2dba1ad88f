"""What stands in the tokens."""

import base64
import hashlib
from dataclasses import replace

import pytest

from admit_server.domain.grant import Grant
from admit_server.domain.token_policy import SERVER_DEFAULT
from admit_server.domain.user import User
from admit_server.tokens.claims import access_token_claims, id_token_claims, profile_claims

ISSUER = "https://id.example"
GRANT = Grant(
    id="grt_1", client_id="cli_1", user_id="usr_1", session_id="ses_1", auth_time=90, acr="urn:admit:acr:1fa", amr=("pwd",),
    scopes=frozenset({"openid", "read"}), audience="https://api.example", format="jwt", policy=SERVER_DEFAULT.bounded(),
    created_at=90, expires_at=10**6,
)  # fmt: skip
OWN = replace(GRANT, user_id=None, session_id=None, auth_time=None, acr="", amr=())
USER = User(id="usr_1", username="alice", email="a@example.com", roles=("editor",), created_at=1, updated_at=7)


def access(grant: Grant = GRANT, **changed):
    values = {
        "issuer": ISSUER,
        "token_id": "tok_1",
        "scopes": grant.scopes,
        "roles": (),
        "expires_at": 700,
        "now": 100,
    } | changed
    return access_token_claims(grant, **values)


def identity(grant: Grant = GRANT, user: User = USER, **changed):
    values = {
        "issuer": ISSUER,
        "nonce": None,
        "access_token": "at",
        "expires_at": 700,
        "now": 100,
        "scopes": grant.scopes,
    }
    return id_token_claims(grant, user=user, **(values | changed))


def test_an_access_token_has_every_claim_that_rfc_9068_requires():
    claims = access()
    assert claims["iss"] == ISSUER
    assert claims["sub"] == "usr_1"
    assert claims["aud"] == "https://api.example"
    assert claims["client_id"] == "cli_1"
    assert claims["jti"] == "tok_1"
    assert claims["scope"] == "openid read"
    assert (claims["iat"], claims["exp"]) == (100, 100 + GRANT.policy.lifetime_s)


def test_an_access_token_names_its_grant_its_session_and_its_sign_in():
    claims = access(roles=("editor", "admin"))
    assert (claims["grant"], claims["sid"]) == ("grt_1", "ses_1")
    assert (claims["auth_time"], claims["acr"], claims["amr"]) == (90, "urn:admit:acr:1fa", ["pwd"])
    assert claims["roles"] == ["editor", "admin"]


def test_a_clients_own_token_has_the_client_as_subject_and_no_sign_in():
    claims = access(OWN)
    assert claims["sub"] == claims["client_id"] == "cli_1"
    assert not {"sid", "auth_time", "acr", "amr", "roles"} & set(claims)


def test_a_token_that_survives_the_session_does_not_name_it():
    free = replace(GRANT, policy=replace(GRANT.policy, end_with_session=False))
    assert "sid" not in access(free)


def test_the_scopes_are_those_of_this_token_and_not_of_the_grant():
    assert access(scopes=frozenset({"read"}))["scope"] == "read"


@pytest.mark.parametrize("claims", [access(), access(OWN), identity(), identity(user=replace(USER, email=None))])
def test_no_claim_is_ever_null_and_times_are_whole_numbers(claims):
    assert None not in claims.values()
    assert all(type(claims[name]) is int for name in ("iat", "exp", "auth_time") if name in claims)
    assert isinstance(claims["sub"], str)


def test_an_id_token_is_for_the_client_and_tells_of_the_sign_in():
    claims = identity(nonce="n-1")
    assert (claims["iss"], claims["sub"], claims["aud"]) == (ISSUER, "usr_1", "cli_1")
    assert (claims["iat"], claims["exp"]) == (100, 700)
    assert (claims["auth_time"], claims["acr"], claims["amr"], claims["sid"]) == (90, GRANT.acr, ["pwd"], "ses_1")
    assert claims["nonce"] == "n-1"
    assert "nonce" not in identity()


def test_the_access_token_is_bound_by_the_left_half_of_its_hash():
    """OpenID Connect Core section 3.1.3.6."""
    half = hashlib.sha256(b"the token").digest()[:16]
    assert identity(access_token="the token")["at_hash"] == base64.urlsafe_b64encode(half).decode().rstrip("=")


def test_profile_and_email_are_told_only_to_who_may_ask():
    assert profile_claims(USER, frozenset({"openid"})) == {}
    assert profile_claims(USER, frozenset({"profile"})) == {"preferred_username": "alice", "updated_at": 7}
    assert profile_claims(USER, frozenset({"email"})) == {"email": "a@example.com", "email_verified": False}
    verified = profile_claims(replace(USER, email_verified=True), frozenset({"email"}))
    assert verified == {"email": "a@example.com", "email_verified": True}
    assert profile_claims(replace(USER, email=None), frozenset({"email"})) == {}


def test_an_id_token_of_a_narrowed_refresh_tells_no_more_than_was_asked_for():
    wide = replace(GRANT, scopes=frozenset({"openid", "email", "profile"}))
    assert "email" in identity(wide)
    assert not {"email", "preferred_username"} & set(identity(wide, scopes=frozenset({"openid"})))
