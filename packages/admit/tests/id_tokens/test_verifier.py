"""OpenID Connect Core section 3.1.3.7, step by step."""

import asyncio
import pickle
from concurrent.futures import Future

import pytest

from admit import (
    AlgorithmNotAllowed,
    BadSignature,
    DecryptionFailed,
    EncryptionRequired,
    IdentityMismatch,
    MalformedToken,
    NonceMismatch,
    StepUpRequired,
    TokenExpired,
    TokenHashMismatch,
    TokenNotYetValid,
    UnknownKey,
    Verifier,
    VerifierUnavailable,
    WrongAudience,
    WrongIssuer,
    WrongType,
)
from admit.encrypted import EncryptionKey, encrypt
from admit.id_tokens import Identity, IdTokenVerifier, half_hash
from admit.jose import Jwk, Jwks, generate_key, sign

NOW = 1_800_000_000
ISSUER, CLIENT = "https://id.example", "orders-web"
KEY = generate_key("ES256", kid="k")
SECRET = bytes(range(32))
NONCE = "n-0S6_WzA2Mj"


def claims(**changes):
    good = {
        "iss": ISSUER,
        "sub": "usr_1",
        "aud": CLIENT,
        "exp": NOW + 300,
        "iat": NOW,
        "nonce": NONCE,
        "auth_time": NOW - 50,
    }
    return {
        name: value
        for name, value in (good | {"acr": "password", "sid": "ses_1"} | changes).items()
        if value is not None
    }


def token(key=KEY, typ="JWT", critical=None, **changes):
    return sign(claims(**changes), key, typ=typ, critical=critical)


def verifier(keys=None, **more):
    options = {"issuer": ISSUER, "client_id": CLIENT, "keys": keys or Jwks([KEY.public()]), "clock": lambda: NOW}
    return IdTokenVerifier(**(options | more))


def check(text, *, nonce=NONCE, **asked):
    return verifier().verify(text, nonce=nonce, **asked)


def refused(text, error, *, match=None, nonce=NONCE, by=None, **asked):
    with pytest.raises(error, match=match) as caught:
        (by or verifier()).verify(text, nonce=nonce, **asked)
    assert type(caught.value) is error
    assert "FAILED" in caught.value.explain()
    return caught.value


def test_a_good_token_says_who_signed_in():
    who = check(token(amr=["pwd", "otp"], email="a@example"))

    assert who == Identity(
        subject="usr_1",
        issuer=ISSUER,
        expires_at=NOW + 300,
        issued_at=NOW,
        auth_time=NOW - 50,
        acr="password",
        amr=("pwd", "otp"),
        session_id="ses_1",
    )
    assert who.claims["email"] == "a@example"
    with pytest.raises(TypeError):
        who.claims["email"] = "b@example"


def test_an_identity_fits_into_a_session():
    who = check(token())

    again = pickle.loads(pickle.dumps(who))

    assert again == who
    assert dict(again.claims) == dict(who.claims)


def test_it_is_checked_without_blocking_the_loop_as_well():
    assert asyncio.run(verifier().verify_async(token(), nonce=NONCE)) == check(token())
    with pytest.raises(NonceMismatch):
        asyncio.run(verifier().verify_async(token(), nonce="another"))


@pytest.mark.parametrize("typ", ["JWT", "jwt", "application/jwt", None])
def test_an_id_token_has_the_type_jwt_or_none(typ):
    assert check(token(typ=typ)).subject == "usr_1"


@pytest.mark.parametrize("typ", ["at+jwt", "logout+jwt", "admit-assertion+jwt", "token-introspection+jwt"])
def test_a_token_of_another_kind_is_refused(typ):
    refused(token(typ=typ), WrongType)


def test_an_id_token_is_no_access_token():
    api = Verifier(issuer=ISSUER, audience=CLIENT, keys=Jwks([KEY.public()]), revocations=None, clock=lambda: NOW)

    with pytest.raises(WrongType):
        api.verify(token(client_id="c", jti="j"))


@pytest.mark.parametrize("text", ["", "a.b.c", "a.b.c.d.e", "nonsense"])
def test_what_is_no_token_is_refused(text):
    refused(text, MalformedToken)


def test_what_is_no_text_is_refused():
    refused(b"a.b.c", MalformedToken, match="text")


def test_another_issuer_is_refused():
    refused(token(iss="https://id.example/"), WrongIssuer)


@pytest.mark.parametrize("aud", ["other", [], ["other"], [CLIENT, "other"], ["other", CLIENT]])
def test_a_token_for_others_is_refused(aud):
    """Step 3: also where it is for this application and for others that it does not trust."""
    refused(token(aud=aud), WrongAudience)


def test_other_audiences_can_be_trusted():
    trusting = verifier(trusted_audiences={"other"})

    assert trusting.verify(token(aud=[CLIENT, "other"]), nonce=NONCE).subject == "usr_1"
    refused(token(aud=["other"]), WrongAudience, by=trusting)
    refused(token(aud=[CLIENT, "third"]), WrongAudience, match="third", by=trusting)


def test_a_token_that_was_issued_to_another_application_is_refused():
    assert check(token(azp=CLIENT)).subject == "usr_1"
    for azp in ("other", "", 7, [CLIENT]):
        refused(token(azp=azp), WrongAudience, match="azp")


def test_a_changed_token_is_refused():
    head, _, signature = token().split(".")
    another = token(sub="usr_2").split(".")[1]

    refused(f"{head}.{another}.{signature}", BadSignature)


def test_a_strangers_key_is_refused():
    refused(token(key=generate_key("ES256", kid="x")), UnknownKey)
    refused(token(key=generate_key("ES256", kid="k")), BadSignature)


def test_only_the_registered_algorithm_is_taken_where_one_is():
    refused(token(), AlgorithmNotAllowed, by=verifier(algorithms={"RS256"}))
    assert verifier(algorithms={"ES256"}).verify(token(), nonce=NONCE).subject == "usr_1"


def test_the_secret_of_the_client_may_sign():
    """Step 8."""
    by_secret = verifier(keys=SECRET)

    assert by_secret.verify(token(key=Jwk.from_secret(SECRET)), nonce=NONCE).subject == "usr_1"
    refused(token(key=Jwk.from_secret(bytes(32))), BadSignature, by=by_secret)
    refused(token(key=Jwk.from_secret(SECRET)), UnknownKey)


def test_an_unknown_extension_is_refused():
    refused(token(critical={"limits": 1}), MalformedToken, match="crit")


@pytest.mark.parametrize("name", ["iss", "sub", "aud", "exp", "iat"])
def test_required_claims_have_to_be_there(name):
    refused(token(**{name: None}), MalformedToken, match=name)


@pytest.mark.parametrize("sub", ["", "x" * 256, "é", 7])
def test_a_subject_is_short_ascii(sub):
    refused(token(sub=sub), MalformedToken, match="sub")
    assert check(token(sub="x" * 255)).subject == "x" * 255


def test_times_are_checked_with_leeway():
    assert check(token(exp=NOW - 29)).subject == "usr_1"
    assert check(token(iat=NOW + 30)).subject == "usr_1"
    refused(token(exp=NOW - 30), TokenExpired)
    refused(token(iat=NOW + 31), TokenNotYetValid)


def test_a_logout_token_is_no_id_token():
    """Back-Channel Logout 1.0 section 2.4; older issuers give it no type of its own."""
    event = {"http://schemas.openid.net/event/backchannel-logout": {}}
    refused(token(events=event, nonce=None), WrongType, nonce=None)


@pytest.mark.parametrize("found", [None, "", "another", NONCE + "x", NONCE.lower(), 7, [NONCE], "é"])
def test_a_nonce_that_was_sent_has_to_come_back(found):
    refused(token(nonce=found), NonceMismatch)


def test_a_nonce_that_was_not_sent_must_not_come():
    assert check(token(nonce=None), nonce=None).subject == "usr_1"
    refused(token(), NonceMismatch, nonce=None)


def test_nobody_can_forget_the_nonce():
    with pytest.raises(TypeError):
        verifier().verify(token())


def test_the_access_token_has_to_be_the_one_that_came_with_it():
    """Section 3.1.3.8. In the code flow `at_hash` may be left out."""
    good = token(at_hash=half_hash("access", alg="ES256"))

    assert check(good, access_token="access").subject == "usr_1"
    assert check(good).subject == "usr_1"
    assert check(token(), access_token="access").subject == "usr_1"
    refused(good, TokenHashMismatch, match="at_hash", access_token="another")
    refused(token(at_hash=7), TokenHashMismatch, access_token="access")


def test_the_code_has_to_be_the_one_that_came_with_it():
    """Section 3.3.2.10."""
    good = token(c_hash=half_hash("code", alg="ES256"))

    assert check(good, code="code").subject == "usr_1"
    refused(good, TokenHashMismatch, match="c_hash", code="another")
    refused(token(), TokenHashMismatch, match="missing", code="code")


def test_a_sign_in_that_is_too_old_has_to_be_made_again():
    """Step 13."""
    assert check(token(), max_age_s=20).subject == "usr_1"  # 50 s ago, with a leeway of 30 s
    too_old = refused(token(), StepUpRequired, max_age_s=19)
    assert too_old.max_age_s == 19
    refused(token(auth_time=None), StepUpRequired, match="does not say", max_age_s=3600)


def test_a_sign_in_that_is_too_weak_has_to_be_made_again():
    """Step 12."""
    assert check(token(), acr_values=["password"]).subject == "usr_1"
    too_weak = refused(token(acr="urn:example:low"), StepUpRequired, acr_values=["urn:example:high"])
    assert too_weak.acr_values == ("urn:example:high",)
    refused(token(acr=None), StepUpRequired, acr_values=["password"])


def refreshed(text, **more):
    return verifier().verify_refreshed(text, before=check(token(iat=NOW - 10)), **more)


def test_a_refresh_goes_on_with_the_same_sign_in():
    """Section 12.2: a nonce should not be there, and if it is, it is that of the sign-in."""
    for nonce in (None, NONCE):
        assert refreshed(token(nonce=nonce)).subject == "usr_1"
    assert refreshed(token(nonce=None, auth_time=None)).auth_time is None
    before = check(token())
    assert asyncio.run(verifier().verify_refreshed_async(token(nonce=None), before=before)).subject == "usr_1"


def test_a_refresh_after_a_sign_in_without_nonce_brings_none():
    before = check(token(nonce=None), nonce=None)

    assert verifier().verify_refreshed(token(nonce=None), before=before).subject == "usr_1"
    with pytest.raises(NonceMismatch):
        verifier().verify_refreshed(token(), before=before)


@pytest.mark.parametrize(
    ("changes", "match"),
    [
        ({"sub": "usr_2"}, "another person"),
        ({"auth_time": NOW - 1}, "auth_time"),
        ({"azp": CLIENT}, "azp"),
        ({"iat": NOW - 11}, "issued earlier"),
    ],
)
def test_a_refresh_that_is_about_something_else_is_refused(changes, match):
    with pytest.raises(IdentityMismatch, match=match) as caught:
        refreshed(token(nonce=None, **changes))
    assert "FAILED  identity_mismatch" in caught.value.explain()


def test_the_same_name_at_another_issuer_is_another_person():
    elsewhere = Identity(subject="usr_1", issuer="https://other.example", expires_at=NOW, issued_at=NOW - 10)

    with pytest.raises(IdentityMismatch, match="another person"):
        verifier().verify_refreshed(token(nonce=None), before=elsewhere)


def test_a_refresh_may_say_for_the_first_time_when_the_person_signed_in():
    before = check(token(auth_time=None))

    assert verifier().verify_refreshed(token(nonce=None), before=before).auth_time == NOW - 50


def test_a_refreshed_token_is_checked_like_any_other():
    with pytest.raises(NonceMismatch):
        refreshed(token(nonce="another"))
    with pytest.raises(WrongAudience):
        refreshed(token(nonce=None, aud="other"))
    with pytest.raises(TokenHashMismatch):
        refreshed(token(nonce=None, at_hash=half_hash("access", alg="ES256")), access_token="another")


@pytest.mark.parametrize("alg", ["A256KW", "ECDH-ES"])
def test_an_encrypted_token_is_opened_and_a_readable_one_refused(alg):
    """Step 1."""
    key = EncryptionKey.generate(alg)
    opening = verifier(decryption_keys=key)

    assert opening.verify(encrypt(token(), key), nonce=NONCE).subject == "usr_1"
    refused(token(), EncryptionRequired, by=opening)
    refused(encrypt(token(), EncryptionKey.generate(alg)), DecryptionFailed, by=opening)
    refused(encrypt(token(aud="other"), key), WrongAudience, by=opening)
    refused(encrypt(token(), key, replicated={"sub": "bob"}), MalformedToken, match="sub in the header", by=opening)
    assert verifier(decryption_keys=key, require_encryption=False).verify(token(), nonce=NONCE).subject == "usr_1"


@pytest.mark.parametrize(
    "options",
    [
        {"algorithms": "ES256"},
        {"trusted_audiences": "x"},
        {"issuer": "http://id.example"},
        {"client_id": ""},
        {"leeway_s": 61},
    ],
)
def test_arguments_that_break_a_rule_are_refused(options):
    with pytest.raises(ValueError):
        verifier(**options)


def test_the_published_keys_of_an_issuer_are_followed(server):
    following = IdTokenVerifier(issuer=server.url, client_id=CLIENT, clock=lambda: NOW)

    async def on_a_loop():
        return await following.verify_async(token(key=server.keys[0], iss=server.url), nonce=NONCE)

    assert asyncio.run(on_a_loop()).issuer == server.url
    assert following.verify(token(key=server.keys[0], iss=server.url), nonce=NONCE).subject == "usr_1"
    assert server.requests["/jwks"] == 1
    assert server.requests["/revocations"] == 0
    following.close()


class Missing:
    """Keys that never come."""

    def find(self, *, kid, alg):
        return Future()

    def close(self):
        self.closed = True


def test_keys_that_do_not_come_are_an_outage_and_no_refusal():
    keys = Missing()
    waiting = verifier(keys=keys, wait_s=0.05)

    with pytest.raises(VerifierUnavailable):
        waiting.verify(token(), nonce=NONCE)
    with pytest.raises(VerifierUnavailable):
        asyncio.run(waiting.verify_async(token(), nonce=NONCE))
    with waiting:
        pass
    assert keys.closed
