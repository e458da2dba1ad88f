"""Tokens that a resource's library refuses, reported to the server as it does it."""

import json
from typing import Any

import httpx2
from causes_clients import basic
from corpus_kit import Cause, Stage
from site_kit import API, ISSUER

from admit import AdmitError, Verifier
from admit.encrypted import EncryptionKey, encrypt
from admit.jose import Jwks, base64url, generate_key, sign
from admit.limits import Attempt
from admit.reporting import Reporter
from admit.revocations import InMemoryRevocations

STRANGER = generate_key("ES256", kid="stranger")
OURS, THEIRS = (EncryptionKey.generate("A256KW") for _ in range(2))
HERE = Attempt(method="GET", path="/items/7", address="192.0.2.9")


class NeverFetched:
    """Metadata that says where reports go, for a reporter whose thread is never started."""

    known = None


def claims_at(stage: Stage, **changes: Any) -> dict[str, Any]:
    now = stage.site.clock()
    good = {"iss": ISSUER, "sub": "usr_x", "aud": API, "exp": now + 300, "iat": now, "jti": "tok_" + "a" * 22}
    good |= {"client_id": "web", "scope": "notes:read"}
    return {name: value for name, value in (good | changes).items() if value is not None}


def signed(typ="at+jwt", key=None, critical=None, **changes):
    def make(stage: Stage):
        ring = stage.site.rt.keys.current
        mine = ring.signer("ES256", now=stage.site.clock())
        return sign(claims_at(stage, **changes), key or mine, typ=typ, critical=critical)

    return make


def at(offset_s, name):
    def make(stage: Stage):
        return signed(**{name: stage.site.clock() + offset_s})(stage)

    return make


def with_signature(text):
    def make(stage: Stage):
        head, payload, _ = signed()(stage).split(".")
        return f"{head}.{payload}.{text}"

    return make


def unsigned(stage: Stage):
    header = base64url.encode(json.dumps({"alg": "none", "typ": "at+jwt"}).encode())
    return f"{header}.{signed()(stage).split('.')[1]}."


def const(text):
    return lambda stage: text


def encrypted(make, *, key):
    return lambda stage: encrypt(make(stage), key)


def refused(make, *, then=None, attempt=HERE, ended=(), **options):
    """What the caller of a protected resource gets, and the report that its library sends."""

    async def act(stage: Stage):
        site = stage.site
        revocations = InMemoryRevocations()
        for kind, value in ended:
            revocations.revoke(kind, value, until=site.clock() + 900)
        keys = Jwks([key.public for key in site.rt.keys.current.keys if key.stored.alg == "ES256"])
        verifier = Verifier(
            issuer=ISSUER,
            audience=API,
            keys=keys,
            revocations=revocations,
            clock=lambda: float(site.clock()),
            **options,
        )
        reporter = Reporter(NeverFetched(), authorization="", audience=API, clock=site.clock)  # type: ignore[arg-type]
        reporter._ensure_running = lambda: None  # type: ignore[method-assign]
        verifier._reporter = reporter
        verifier._hand_over = verifier._finished  # as if it had been made with credentials: principals report as well
        token = make(stage)
        stage.keep_secret(*(part for part in str(token).split(".") if len(part) > 30))
        refusal = _refusal(verifier, token, attempt, then)
        (report,) = reporter._next_batch()
        sent = basic("api", site.secrets["api"]) | {"content-type": "application/json"}
        taken = await site.post("/denials", {}, content=b"[" + report + b"]", headers=sent)
        assert taken.json() == [refusal.denial_id], taken.text
        headers = {name.lower(): value for name, value in refusal.headers().items()}
        assert headers.pop("www-authenticate").startswith(("Bearer error=", "DPoP error="))
        return httpx2.Response(
            refusal.status,
            content=json.dumps(refusal.problem()).encode(),
            headers=headers | {"content-type": "application/problem+json"},
        )

    return act


def _refusal(verifier, token, attempt, then):
    try:
        who = verifier.verify(token, attempt)
        if then is not None:
            then(who)
    except AdmitError as refusal:
        return refusal
    raise AssertionError("nothing was refused")


LIMITED = {"limits": {"actions": [["GET /orders/*"]]}}
CAUSES = [
    Cause("no token but a text", refused(const("nonsense-nonsense")), "malformed_token", "form of the token", "three parts"),
    Cause("a token that was cut", refused(const("eyJhbGciOiJFUzI1NiJ9.e30")), "malformed_token", "form of the token", "three parts"),
    Cause("a token that is too long", refused(const("a" * 20_000)), "malformed_token", "form of the token", "16384"),
    Cause("a token without a signature", refused(unsigned), "algorithm_not_allowed", "algorithm", "none"),
    Cause("an encrypted token where none is expected", refused(encrypted(signed(), key=OURS)), "malformed_token", "form of the token", "this has 5"),
    Cause("a token encrypted to somebody else", refused(encrypted(signed(), key=THEIRS), decryption_keys=OURS), "decryption_failed", "encryption", "cannot be decrypted"),
    Cause("a readable token where encrypted ones are expected", refused(signed(), decryption_keys=OURS), "encryption_required", "encryption", "not encrypted"),
    Cause("an encrypted token for another API", refused(encrypted(signed(aud="https://other.example"), key=OURS), decryption_keys=OURS), "wrong_audience", "audience", "other.example"),
    Cause("a token by a stranger's key", refused(signed(key=STRANGER)), "unknown_key", "key", "stranger"),
    Cause("a token with an empty signature", refused(with_signature("")), "bad_signature", "signature", "does not belong"),
    Cause("a token with a signature of zeros", refused(with_signature(base64url.encode(bytes(64)))), "bad_signature", "signature", "does not belong"),
    Cause("an ID token at an API", refused(signed(typ="JWT")), "wrong_type", "type", "jwt"),
    Cause("a token of another kind", refused(signed(typ="logout+jwt")), "wrong_type", "type", "logout"),
    Cause("a token with an extension that nobody knows", refused(signed(critical={"exotic": 1})), "malformed_token", "critical header members", "exotic"),
    Cause("a token without an id", refused(signed(jti=None)), "malformed_token", "claims", "jti"),
    Cause("a token without an end", refused(signed(exp=None)), "malformed_token", "claims", "exp"),
    Cause("a token whose subject is a number", refused(signed(sub=7)), "malformed_token", "claims", "sub"),
    Cause("a token of somebody else", refused(signed(iss="https://other.example")), "wrong_issuer", "issuer", "other.example"),
    Cause("a token for another API", refused(signed(aud="https://other.example")), "wrong_audience", "audience", "other.example"),
    Cause("a token for several other APIs", refused(signed(aud=["https://a.example", "https://b.example"])), "wrong_audience", "audience", "b.example"),
    Cause("a token that is over", refused(at(-31, "exp")), "token_expired", "end"),
    Cause("a token from the future", refused(at(31, "iat")), "token_not_yet_valid", "beginning"),
    Cause("a token that does not begin yet", refused(at(31, "nbf")), "token_not_yet_valid", "beginning", "nbf"),
    Cause("a token that was ended", refused(signed(), ended=[("jti", "tok_" + "a" * 22)]), "token_revoked", "revocation", "jti"),
    Cause("a token of an ended session", refused(signed(sid="ses_1"), ended=[("sid", "ses_1")]), "token_revoked", "revocation", "sid"),
    Cause("a token of an ended grant", refused(signed(grant="grt_1"), ended=[("grant", "grt_1")]), "token_revoked", "revocation", "grant"),
    Cause("a token for other actions", refused(signed(critical=None, **LIMITED)), "action_not_allowed", "limits", "GET /items/7"),
    Cause("a token for other networks", refused(signed(limits={"networks": [["10.0.0.0/8"]]})), "network_not_allowed", "limits", "192.0.2.9"),
    Cause("a token limited to actions, and no request known", refused(signed(**LIMITED), attempt=Attempt()), "limits_not_enforceable", "limits", "actions"),
    Cause("a token with a limit of a later version", refused(signed(limits={"moon": "full"})), "limits_not_enforceable", "limits", "moon"),
    Cause("a token whose uses nobody counts", refused(signed(limits={"max_uses": 3})), "limits_not_enforceable", "limits", "counts"),
    Cause("an opaque token and no credentials", refused(lambda stage: "adm_at_" + "Zk" * 21 + "7" + "xxxxxx"), "malformed_token", "form of the token", "checksum"),
    Cause("a token without the scope", refused(signed(), then=lambda who: who.require("notes:write")), "insufficient_scope", "scope", "notes:write"),
    Cause("a sign-in too old for this", refused(signed(auth_time=1000), then=lambda who: who.require_recent_sign_in(60, now=2000)), "step_up_required", "age of the sign-in", "1000 s"),
    Cause("a sign-in of unknown age", refused(signed(), then=lambda who: who.require_recent_sign_in(60)), "step_up_required", "age of the sign-in", "unknown"),
    Cause("a sign-in too weak for this", refused(signed(acr="low"), then=lambda who: who.require_acr("gold")), "step_up_required", "strength of the sign-in", "low"),
]  # fmt: skip
