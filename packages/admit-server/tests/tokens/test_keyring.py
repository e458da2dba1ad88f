"""The keyring: one active key for each algorithm, and every published one verifies."""

import pytest

from admit.jose import JoseError, UnknownKey, generate_key
from admit.jose import Jwk as Key
from admit_server.domain.signing_key import SigningKey
from admit_server.tokens.keyring import Keyring, NoSigningKey, RingKey

TYPES = frozenset({"at+jwt"})


def ring_key(kid: str, *, alg: str = "ES256", readable: bool = True, **times: int | None) -> RingKey:
    private = Key.from_pkcs8(generate_key(alg).to_pkcs8(), alg=alg, kid=kid)
    stored = SigningKey(kid=kid, alg=alg, public_jwk={}, sealed_private=b"", published_at=0, **times)
    return RingKey(stored, private.public(), private if readable else None)


OLD = ring_key("old", signs_from=0, signs_until=100, removed_at=200)
NOW = ring_key("now", signs_from=100)
NEXT = ring_key("next")
RING = Keyring((OLD, NOW, NEXT))


@pytest.mark.parametrize(("now", "kid"), [(50, "old"), (99, "old"), (100, "now"), (500, "now")])
def test_the_key_that_is_active_now_signs(now, kid):
    assert RING.signer("ES256", now=now).kid == kid
    assert RING.verify(RING.sign({"a": 1}, alg="ES256", typ="at+jwt", now=now), types=TYPES, now=now).claims == {"a": 1}


def test_the_key_that_began_last_signs_where_two_are_active():
    later = ring_key("later", signs_from=150)
    assert Keyring((later, NOW)).signer("ES256", now=160).kid == "later"
    assert Keyring((NOW, later)).signer("ES256", now=160).kid == "later"


def test_next_retiring_and_foreign_keys_never_sign():
    for ring in (Keyring((NEXT,)), Keyring((OLD,)), Keyring((ring_key("x", readable=False, signs_from=0),)), Keyring()):
        with pytest.raises(NoSigningKey, match="no active ES256 key"):
            ring.signer("ES256", now=150)
    with pytest.raises(NoSigningKey, match="RS256"):
        RING.signer("RS256", now=150)


def test_an_old_key_verifies_until_it_is_removed():
    token = RING.sign({"a": 1}, alg="ES256", typ="at+jwt", now=50)
    assert RING.verify(token, types=TYPES, now=199).claims == {"a": 1}
    with pytest.raises(UnknownKey):
        RING.verify(token, types=TYPES, now=200)


def test_the_next_key_is_published_before_it_signs_and_the_removed_one_is_not():
    assert {k["kid"] for k in RING.published(now=150).public_dict()["keys"]} == {"old", "now", "next"}
    assert {k["kid"] for k in RING.published(now=200).public_dict()["keys"]} == {"now", "next"}


def test_what_is_published_holds_no_private_member():
    for key in RING.published(now=150).public_dict()["keys"]:
        assert not {"d", "p", "q", "dp", "dq", "qi", "k"} & set(key)


def test_the_type_of_the_token_is_checked():
    with pytest.raises(JoseError):
        RING.verify(RING.sign({"a": 1}, alg="ES256", typ="JWT", now=150), types=TYPES, now=150)
