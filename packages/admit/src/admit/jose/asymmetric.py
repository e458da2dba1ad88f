"""Keys of `cryptography`, whatever their type: which family reads them, names them and makes them.

Imported at the first key that needs it, because it costs more than all the rest of the library together.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import ModuleType
from typing import TYPE_CHECKING, Any, TypeAlias

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec, ed448, ed25519, rsa

from admit.jose import ecdsa, eddsa, rsassa
from admit.jose.errors import InvalidKey, Malformed

if TYPE_CHECKING:
    from admit.jose import mldsa as _mldsa

    Public: TypeAlias = ecdsa.Public | rsassa.Public | eddsa.Public | _mldsa.Public
    Private: TypeAlias = ecdsa.Private | rsassa.Private | eddsa.Private | _mldsa.Private


def generate(kty: str, crv: str | None) -> Private:
    """Make a key; RSA keys have 2,048 bits.

    Args:
        kty: "EC", "OKP", "RSA" or "AKP".
        crv: The curve, or the parameter set of an "AKP" key; None for RSA.

    Raises:
        InvalidKey: The installed `cryptography` has no such keys.
    """
    try:
        made: Private = rsassa.generate() if crv is None else _family(kty).generate(crv)
    except UnsupportedAlgorithm:
        raise InvalidKey(_cannot(str(crv))) from None
    return made


def read(kty: str, members: Mapping[str, Any]) -> tuple[Public, Private | None]:
    """Return the public and, where present, the private key of a JWK.

    Raises:
        InvalidKey: A member is missing, of the wrong type or length, the numbers make no key or one that must not be
            used, the private part does not belong to the public one, or the installed `cryptography` has no such keys.
    """
    try:
        pair: tuple[Public, Private | None] = _family(kty).read(members)
    except InvalidKey:
        raise
    except UnsupportedAlgorithm:
        raise InvalidKey(_cannot(str(members.get("crv") or members.get("alg")))) from None
    except (Malformed, ValueError) as error:
        raise InvalidKey(f"not a usable {kty} key: {error}") from None
    return pair


def members(key: Public) -> dict[str, str]:
    """Return the members that identify a key (RFC 7638 section 3.2)."""
    named: dict[str, str] = _family(kind(key)[0]).members(key)
    return named


def kind(key: Public) -> tuple[str, str | None]:
    """Return `kty` and `crv` (for "AKP" the parameter set).

    Raises:
        InvalidKey: A type or curve that this library does not sign with.
    """
    match key:
        case rsa.RSAPublicKey():
            return "RSA", None
        case ec.EllipticCurvePublicKey():
            return "EC", ecdsa.curve_of(key)
        case ed25519.Ed25519PublicKey() | ed448.Ed448PublicKey():
            return "OKP", eddsa.curve_of(key)
    name = _mldsa_name(key)
    if name is None:
        raise InvalidKey(f"keys of this kind are not supported: {type(key).__name__}")
    return "AKP", name


def to_pkcs8(key: Private) -> bytes:
    """Serialise as unencrypted PKCS#8 DER (RFC 5958)."""
    from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

    return key.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())


def from_pkcs8(der: bytes) -> Private:
    """Load what `to_pkcs8` wrote.

    Raises:
        InvalidKey: Not an unencrypted PKCS#8 key of a supported type, or a key that must not be used.
    """
    from cryptography.hazmat.primitives.serialization import load_der_private_key

    try:
        key = load_der_private_key(der, password=None)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        raise InvalidKey("not an unencrypted PKCS#8 private key") from None
    public = key.public_key()
    kind(public)  # type: ignore[arg-type]
    if isinstance(public, rsa.RSAPublicKey):
        numbers = public.public_numbers()
        rsassa.police(numbers.n, numbers.e)
    return key  # type: ignore[return-value]


def from_pem(pem: bytes) -> tuple[Public, Private | None]:
    """Load a public key (RFC 7468 section 13) or an unencrypted private one (section 10).

    Raises:
        InvalidKey: Neither, or a key that must not be used.
    """
    from cryptography.hazmat.primitives.serialization import load_pem_private_key, load_pem_public_key

    try:
        if b"PRIVATE KEY-----" in pem:
            private = from_pkcs8(to_pkcs8(load_pem_private_key(pem, password=None)))  # type: ignore[arg-type]
            return private.public_key(), private
        public = load_pem_public_key(pem)
    except InvalidKey:
        raise
    except (ValueError, TypeError, UnsupportedAlgorithm):
        kind_of_file = "a certificate: take its public key" if b"CERTIFICATE-----" in pem else "not such a key"
        raise InvalidKey(
            f"expected a public key (-----BEGIN PUBLIC KEY-----) or an unencrypted private one; this is {kind_of_file}"
        ) from None
    return read(kind(public)[0], members(public))  # type: ignore[arg-type]


def _family(kty: str) -> ModuleType:
    if kty != "AKP":
        return {"EC": ecdsa, "RSA": rsassa, "OKP": eddsa}[kty]
    try:
        from admit.jose import mldsa
    except ImportError:
        raise InvalidKey(_cannot("ML-DSA")) from None
    return mldsa


def _mldsa_name(key: object) -> str | None:
    try:
        from admit.jose import mldsa
    except ImportError:
        return None
    return mldsa.name_of(key)


def _cannot(name: str) -> str:
    from cryptography import __version__

    return f"the installed cryptography {__version__} has no {name}; version 48 has everything, where OpenSSL is whole"
