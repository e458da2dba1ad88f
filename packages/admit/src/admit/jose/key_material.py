"""What a key is made of, whichever its type: a secret is bytes, everything else is a key of `cryptography`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeAlias

from admit.jose import base64url
from admit.jose.errors import InvalidKey, Malformed

if TYPE_CHECKING:
    from admit.jose import asymmetric
    from admit.jose.algorithms import Alg

    Public: TypeAlias = asymmetric.Public | bytes
    Private: TypeAlias = asymmetric.Private | bytes


def read(kty: str, members: Mapping[str, Any]) -> tuple[Public, Private | None]:
    """Return the public and, where present, the private material of a JWK.

    Raises:
        InvalidKey: A member is missing, of the wrong type or length, or the numbers make no key.
    """
    if kty == "oct":
        try:
            secret = base64url.decode_member(members, "k")
        except Malformed as error:
            raise InvalidKey(f"not a usable oct key: {error}") from None
        return secret, secret
    from admit.jose import asymmetric

    return asymmetric.read(kty, members)


def generate(row: Alg) -> Private:
    """Make new private material for an algorithm from the system's randomness.

    Raises:
        InvalidKey: The installed `cryptography` has no keys of this kind.
    """
    if row.symmetric:
        import secrets

        return secrets.token_bytes(row.min_bits // 8)
    from admit.jose import asymmetric

    return asymmetric.generate(row.kty, row.crv)


def public_of(private: Private) -> Public:
    """Return what verifies the signatures of `private` (for a secret, the secret itself)."""
    return private if isinstance(private, bytes) else private.public_key()


def public_members(key: Public) -> dict[str, str]:
    """Return exactly the members that identify a key (RFC 7638 section 3.2)."""
    if isinstance(key, bytes):
        return {"kty": "oct", "k": base64url.encode(key)}
    from admit.jose import asymmetric

    return asymmetric.members(key)


def bits(key: Public) -> int:
    """Return the size by which keys of this type are judged; 0 for types whose keys all have one size."""
    return len(key) * 8 if isinstance(key, bytes) else getattr(key, "key_size", 0)


def kind(key: Public) -> tuple[str, str | None]:
    """Return `kty` and `crv` (for "AKP" the parameter set), or raise InvalidKey for a kind that is not supported."""
    if isinstance(key, bytes):
        return "oct", None
    from admit.jose import asymmetric

    return asymmetric.kind(key)


def to_pkcs8(key: Private) -> bytes:
    """Serialise as unencrypted PKCS#8 DER, or raise InvalidKey for a secret, which has no such form."""
    if isinstance(key, bytes):
        raise InvalidKey("a symmetric secret has no PKCS#8 form; store its bytes")
    from admit.jose import asymmetric

    return asymmetric.to_pkcs8(key)


def from_pem(pem: str | bytes) -> tuple[Public, Private | None]:
    """Load a public or an unencrypted private key from PEM, or raise InvalidKey."""
    from admit.jose import asymmetric

    return asymmetric.from_pem(pem.encode("utf-8") if isinstance(pem, str) else pem)


def from_pkcs8(der: bytes) -> Private:
    """Load what `to_pkcs8` wrote, or raise InvalidKey."""
    from admit.jose import asymmetric

    return asymmetric.from_pkcs8(der)
