import json
import secrets

import jwt
import pytest

from admit import (
    AlgorithmNotAllowed,
    BadSignature,
    IntrospectionNotConfigured,
    Issuer,
    LimitsNotEnforceable,
    MalformedToken,
    TokenExpired,
    TokenNotYetValid,
    TokenRevoked,
    UnknownKey,
    Verifier,
    WrongAudience,
    WrongIssuer,
    WrongType,
)
from admit.jose import Jwk, Jwks, base64url, generate_key, sign
from admit.opaque import checksum
from admit.revocations import InMemoryRevocations

ID = "https://id.example"
API = "https://api.example"
SECRET = secrets.token_bytes(32)
KEY = generate_key("ES256", kid="k1")


@pytest.fixture
def verifier(clock):
    return Verifier(issuer=ID, audience=API, keys=Jwks([KEY.public()]), revocations=None, clock=clock)


@pytest.fixture
def shop(clock):
    """One service, one secret, no server."""
    return Verifier(issuer=ID, audience=API, keys=SECRET, clock=clock)


@pytest.fixture
def claims(clock):
    return {
        "iss": ID,
        "sub": "alice",
        "aud": API,
        "client_id": "app",
        "iat": clock.now,
        "exp": clock.now + 300,
        "jti": "t1",
        "scope": "read write",
        "sid": "ses_1",
        "grant": "grt_1",
    }


def test_a_good_token_names_its_bearer(verifier, claims):
    who = verifier.verify(sign(claims, KEY, typ="at+jwt"))

    assert (who.subject, who.scopes, who.client_id, who.session_id) == ("alice", {"read", "write"}, "app", "ses_1")


async def _verify(verifier, token):
    return await verifier.verify_async(token)


@pytest.mark.anyio
async def test_the_same_token_is_good_without_blocking(verifier, claims):
    assert (await verifier.verify_async(sign(claims, KEY, typ="at+jwt"))).subject == "alice"


@pytest.fixture
def anyio_backend():
    return "asyncio"


@pytest.mark.parametrize(
    ("changes", "refusal"),
    [
        ({"exp": 1_789_999_000}, TokenExpired),
        ({"nbf": 1_790_000_100}, TokenNotYetValid),
        ({"iat": 1_790_000_100}, TokenNotYetValid),
        ({"iss": "https://evil.example"}, WrongIssuer),
        ({"aud": "https://other.example"}, WrongAudience),
        ({"aud": []}, WrongAudience),
        ({"sub": 5}, MalformedToken),
        ({"exp": "later"}, MalformedToken),
        ({"scope": ["read"]}, MalformedToken),
        ({"limits": {"max_uses": 1}}, LimitsNotEnforceable),
        ({"limits": None}, LimitsNotEnforceable),
    ],
    ids=str,
)
def test_claims_that_are_not_right_are_refused_with_their_reason(verifier, claims, changes, refusal):
    with pytest.raises(refusal):
        verifier.verify(sign(claims | changes, KEY, typ="at+jwt"))


@pytest.mark.parametrize("name", ["iss", "sub", "aud", "client_id", "iat", "exp", "jti"])
def test_an_access_token_without_a_required_claim_is_refused(verifier, claims, name):
    """RFC 9068 section 2.2."""
    del claims[name]

    with pytest.raises(MalformedToken, match=name):
        verifier.verify(sign(claims, KEY, typ="at+jwt"))


@pytest.mark.parametrize("typ", ["JWT", None, "id_token", "logout+jwt"])
def test_an_id_token_is_no_access_token(verifier, claims, typ):
    """RFC 9068 section 4: "reject tokens carrying any other value"."""
    with pytest.raises(WrongType):
        verifier.verify(sign(claims, KEY, typ=typ))


def test_a_critical_limit_is_refused_by_name(verifier, claims):
    with pytest.raises(LimitsNotEnforceable):
        verifier.verify(sign(claims, KEY, typ="at+jwt", critical={"limits": True}))


def test_another_critical_extension_is_refused(verifier, claims):
    with pytest.raises(MalformedToken, match="crit"):
        verifier.verify(sign(claims, KEY, typ="at+jwt", critical={"cnf": True}))


def test_a_token_of_a_stranger_is_refused(verifier, claims):
    with pytest.raises(BadSignature):
        verifier.verify(sign(claims, generate_key("ES256", kid="k1"), typ="at+jwt"))
    with pytest.raises(UnknownKey):
        verifier.verify(sign(claims, generate_key("ES256", kid="k2"), typ="at+jwt"))


def test_a_token_without_signature_is_refused(verifier, claims):
    header = base64url.encode(json.dumps({"alg": "none", "typ": "at+jwt"}).encode())
    payload = base64url.encode(json.dumps(claims).encode())

    with pytest.raises(AlgorithmNotAllowed):
        verifier.verify(f"{header}.{payload}.")


def test_the_public_key_is_no_secret(verifier, claims):
    forged = Jwk.from_secret(json.dumps(KEY.public_dict()).encode(), kid="k1")

    with pytest.raises(AlgorithmNotAllowed):
        verifier.verify(sign(claims, forged, typ="at+jwt"))


def test_algorithms_can_be_narrowed(clock, claims):
    strict = Verifier(
        issuer=ID, audience=API, keys=Jwks([KEY.public()]), revocations=None, algorithms={"RS256"}, clock=clock
    )

    with pytest.raises(AlgorithmNotAllowed):
        strict.verify(sign(claims, KEY, typ="at+jwt"))


@pytest.mark.parametrize("token", [None, 5, b"a.b.c", "", "x", "a.b.c", "é.é.é", "Bearer x"])
def test_what_is_no_token_is_refused_and_never_an_accident(verifier, token):
    with pytest.raises((MalformedToken, AlgorithmNotAllowed)):
        verifier.verify(token)


@pytest.mark.parametrize(("kind", "value"), [("sid", "ses_1"), ("grant", "grt_1"), ("jti", "t1")])
def test_a_token_ends_with_its_session_its_grant_or_itself(clock, claims, kind, value):
    ended = InMemoryRevocations()
    verifier = Verifier(issuer=ID, audience=API, keys=KEY, revocations=ended, clock=clock)
    token = sign(claims, KEY, typ="at+jwt")
    assert verifier.verify(token)

    ended.revoke(kind, value, until=clock.now + 600)

    with pytest.raises(TokenRevoked, match=kind):
        verifier.verify(token)


def test_an_emergency_ends_everything_issued_up_to_it(clock, claims):
    ended = InMemoryRevocations()
    verifier = Verifier(issuer=ID, audience=API, keys=KEY, revocations=ended, clock=clock)

    ended.revoke_before(clock.now, until=clock.now + 600)

    with pytest.raises(TokenRevoked):
        verifier.verify(sign(claims, KEY, typ="at+jwt"))
    assert verifier.verify(sign(claims | {"iat": clock.now + 1}, KEY, typ="at+jwt"))


def test_one_secret_needs_no_server_and_no_word_about_revocations(clock, shop):
    token = Issuer(issuer=ID, key=SECRET, clock=clock).issue(subject="alice", audience=API, scopes=["cart"])

    assert shop.verify(token).has("cart")


def test_a_token_that_another_library_made_with_the_secret_is_good(clock, shop):
    """Such libraries write typ JWT and only the claims they are given."""
    token = jwt.encode({"iss": ID, "aud": API, "sub": "alice", "exp": clock.now + 60}, SECRET, algorithm="HS256")

    who = shop.verify(token)

    assert (who.subject, who.client_id, who.scopes) == ("alice", None, frozenset())


@pytest.mark.parametrize("name", ["iss", "aud", "sub", "exp"])
def test_but_never_without_issuer_audience_subject_and_end(clock, shop, name):
    claims = {"iss": ID, "aud": API, "sub": "alice", "exp": clock.now + 60}
    del claims[name]

    with pytest.raises(MalformedToken, match=name):
        shop.verify(jwt.encode(claims, SECRET, algorithm="HS256"))


def test_issuers_older_than_rfc_9068_are_accepted_only_by_a_shouting_option(clock, claims):
    lax = Verifier(issuer=ID, audience=API, keys=KEY, revocations=None, danger_accept_types={"JWT"}, clock=clock)
    del claims["client_id"]

    assert lax.verify(sign(claims, KEY, typ="JWT")).subject == "alice"
    with pytest.raises(WrongType):
        lax.verify(sign(claims, KEY, typ=None))


def test_an_opaque_token_without_credentials_says_what_to_do(verifier):
    body = "adm_at_" + "a" * 43

    with pytest.raises(IntrospectionNotConfigured, match="client_id and client_secret"):
        verifier.verify(body + checksum(body))
    with pytest.raises(MalformedToken, match="checksum"):
        verifier.verify(body + "000000")


@pytest.mark.parametrize(
    "wrong",
    [
        {"issuer": "http://id.example"},
        {"issuer": "http://localhost.evil.example"},
        {"issuer": "https://id.example?x=1"},
        {"issuer": "https://id.example#x"},
        {"issuer": "https://user:pw@id.example"},
        {"issuer": "ftp://id.example"},
        {"issuer": "id.example"},
        {"issuer": ""},
        {"audience": ""},
        {"leeway_s": 61},
        {"leeway_s": -1},
        {"accept_for": -1},
        {"algorithms": {"none"}},
        {"algorithms": "ES256"},
        {"danger_accept_types": "JWT"},
        {"keys": b"short"},
        {"keys": "x" * 32},
        {"keys": 5},
        {"client_id": "a"},
        {"client_secret": "b"},
    ],
    ids=str,
)
def test_a_mistake_in_the_set_up_is_refused_at_once(wrong):
    with pytest.raises(ValueError):
        Verifier(**({"issuer": ID, "audience": API} | wrong))


@pytest.mark.parametrize(
    "issuer", ["http://127.0.0.1:8100", "http://localhost:8100", "http://[::1]:8100", "https://x.example/a"]
)
def test_loopback_may_do_without_tls(issuer):
    assert Verifier(issuer=issuer, audience=API).expect.issuer == issuer


def test_issuer_and_audience_must_be_said():
    with pytest.raises(TypeError):
        Verifier(issuer=ID)
    with pytest.raises(TypeError):
        Verifier(audience=API)


@pytest.mark.parametrize(
    ("token", "says"),
    [
        ("Bearer eyJhbGciOiJIUzI1NiJ9.e30.x", "without the scheme"),
        ("DPoP eyJhbGciOiJIUzI1NiJ9.e30.x", "without the scheme"),
        (b"eyJhbGciOiJIUzI1NiJ9.e30.x", "decode it first"),
        (None, "a token is text, not NoneType"),
    ],
)
def test_what_is_handed_over_by_mistake_is_named(clock, token, says):
    with pytest.raises(MalformedToken, match=says):
        Verifier(issuer=ID, audience=API, keys=KEY, clock=clock).verify(token)


@pytest.mark.parametrize(("typ", "says"), [("JWT", "is this an ID token"), ("other", "'at\\+jwt' is taken here$")])
def test_a_token_of_another_type_is_named_and_what_it_may_be(clock, claims, typ, says):
    key = generate_key("ES256")
    verifier = Verifier(issuer=ID, audience=API, keys=key, revocations=None, clock=clock)

    with pytest.raises(WrongType, match=says):
        verifier.verify(sign(claims, key, typ=typ))
