"""Encrypted tokens behind the same `Verifier`."""

import asyncio
import json
import subprocess
import sys

import pytest

from admit import (
    Attempt,
    DecryptionFailed,
    EncryptionRequired,
    InvalidDpopProof,
    Issuer,
    MalformedToken,
    Presented,
    TokenExpired,
    TokenRevoked,
    Verifier,
    WrongAudience,
    WrongType,
)
from admit.encrypted import EncryptionKey, encrypt
from admit.jose import Jwks, generate_key, sign
from admit.revocations import InMemoryRevocations
from admit.testing import ProofKey

NOW = 1_800_000_000
ISSUER, AUDIENCE = "https://id.example", "https://api.example"
SIGNING = generate_key("ES256", kid="s")
URL = "https://api.example/items"


@pytest.fixture
def revocations():
    return InMemoryRevocations()


@pytest.fixture
def verifier(keys, revocations):
    return make(list(keys.values()), revocations)


def make(decryption_keys, revocations=None, **more):
    return Verifier(
        issuer=ISSUER,
        audience=AUDIENCE,
        keys=Jwks([SIGNING.public()]),
        revocations=revocations,
        decryption_keys=decryption_keys,
        clock=lambda: NOW,
        **more,
    )


def signed(typ=None, audience=AUDIENCE, now=NOW, **claims):
    if typ is None:
        return Issuer(issuer=ISSUER, key=SIGNING, clock=lambda: now).issue(
            subject="alice", audience=audience, claims=claims
        )
    return sign({"iss": ISSUER, "aud": audience, "sub": "alice", "exp": now + 300, "iat": now}, SIGNING, typ=typ)


def test_a_token_is_taken_however_it_was_encrypted_and_again(keys, verifier):
    for key in keys.values():
        token = encrypt(signed(sid="s1"), key)
        for _ in range(2):
            who = verifier.verify(token)
            assert (who.subject, who.session_id) == ("alice", "s1")
        assert asyncio.run(verifier.verify_async(token)) == who


def test_a_readable_token_is_refused_even_after_it_came_encrypted(keys, verifier):
    """RFC 9068 section 4. What was remembered of the signed token must not let it in by itself."""
    token = signed()
    verifier.verify(encrypt(token, keys["A256KW"]))

    for _ in range(2):
        with pytest.raises(EncryptionRequired) as caught:
            verifier.verify(token)
        with pytest.raises(EncryptionRequired):
            asyncio.run(verifier.verify_async(token))
    assert caught.value.code == "encryption_required"
    assert "FAILED  encryption" in caught.value.explain()


def test_while_an_issuer_changes_over_both_are_taken(keys):
    verifier = make(keys["A256KW"], require_encryption=False)

    assert verifier.verify(signed()).subject == "alice"
    assert verifier.verify(encrypt(signed(), keys["A256KW"])).subject == "alice"


def test_a_verifier_without_keys_says_what_it_lacks(keys):
    with pytest.raises(MalformedToken, match="decryption_keys"):
        make(None).verify(encrypt(signed(), keys["A256KW"]))


def test_a_token_that_does_not_open_is_refused_with_a_code_and_nothing_more(keys, verifier):
    token = encrypt(signed(), keys["RSA-OAEP-256"])
    changed = token[:-6] + ("AAAAAA" if token[-6:] != "AAAAAA" else "BBBBBB")

    with pytest.raises(DecryptionFailed) as caught:
        verifier.verify(changed)

    assert caught.value.status == 401
    assert caught.value.problem()["code"] == "decryption_failed"
    assert "detail" not in caught.value.problem()
    assert caught.value.challenge(realm="r") == 'Bearer realm="r", error="invalid_token"'


@pytest.mark.parametrize(
    ("token", "refusal"),
    [
        (lambda: signed(audience="https://other.example"), WrongAudience),
        (lambda: signed(now=NOW - 10_000), TokenExpired),
        (lambda: signed(typ="JWT"), WrongType),
        (lambda: signed()[:-8] + "AAAAAAAA", Exception),
    ],
)
def test_what_is_within_is_judged_as_always(keys, verifier, token, refusal):
    with pytest.raises(refusal) as caught:
        verifier.verify(encrypt(token(), keys["ECDH-ES"]))

    assert caught.value.code != "decryption_failed"
    assert "ok      form of the token" in caught.value.explain()


def test_a_revoked_token_is_refused_though_it_was_good_before(keys, verifier, revocations):
    token = encrypt(signed(sid="s1"), keys["dir"])
    verifier.verify(token)
    revocations.revoke("sid", "s1", until=NOW + 900)

    with pytest.raises(TokenRevoked):
        verifier.verify(token)


def test_claims_in_the_header_have_to_agree_also_when_the_token_within_is_known(keys, verifier):
    """RFC 7519 section 5.3."""
    token, key = signed(), keys["A256KW"]
    assert verifier.verify(encrypt(token, key, replicated={"iss": ISSUER, "sub": "alice"})).subject == "alice"

    for _ in range(2):
        with pytest.raises(MalformedToken, match="sub in the header"):
            verifier.verify(encrypt(token, key, replicated={"sub": "bob"}))


def test_a_proof_is_about_the_token_that_was_sent(keys, verifier):
    """RFC 9449 section 4.2: `ath` is the hash of the access token as it is shown, so of the encrypted text."""
    proofs = ProofKey(clock=lambda: NOW)
    inner = signed(cnf={"jkt": proofs.jkt})
    token = encrypt(inner, keys["A256KW"])

    def shown(about):
        presented = Presented(scheme="DPoP", proofs=(proofs.proof("GET", URL, access_token=about),), url=URL)
        return Attempt(method="GET", presented=presented)

    assert verifier.verify(token, shown(token)).subject == "alice"
    with pytest.raises(InvalidDpopProof):
        verifier.verify(token, shown(inner))


def test_a_refusal_is_reported_once(keys, verifier, monkeypatch):
    noted = []
    monkeypatch.setattr(
        Verifier, "refused", lambda self, refusal, *more, **others: noted.append(refusal) or mark(refusal)
    )

    def mark(refusal):
        refusal.checks = ("noted",)

    with pytest.raises(WrongAudience):
        verifier.verify(encrypt(signed(audience="https://other.example"), keys["A256KW"]))
    with pytest.raises(DecryptionFailed):
        verifier.verify("a.b.c.d.e")
    assert [type(each) for each in noted] == [WrongAudience, DecryptionFailed]


def test_keys_that_are_none_are_refused_when_the_verifier_is_made(keys):
    for wrong in ([], 7, "secret", [b"secret"], EncryptionKey.parse(keys["ECDH-ES"].public_dict())):
        with pytest.raises(ValueError, match="decryption_keys"):
            make(wrong)


def test_joserfc_is_imported_by_nobody_who_needs_no_encryption():
    code = (
        "import sys; from admit import Issuer, Verifier; k = bytes(range(32));"
        "t = Issuer(issuer='i', key=k).issue(subject='s', audience='a');"
        "Verifier(issuer='i', audience='a', keys=k).verify(t);"
        "print([m for m in sys.modules if m.split('.')[0] == 'joserfc' or m.startswith('admit.encrypted')])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert json.loads(done.stdout.replace("'", '"')) == []
