"""RSA signatures and their keys: RS256 and PS256 with their longer sisters (RFC 7518 sections 3.3, 3.5 and 6.3)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from math import gcd, prod
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa

from admit.jose import base64url
from admit.jose.errors import InvalidKey

Public = rsa.RSAPublicKey
Private = rsa.RSAPrivateKey

MIN_BITS = 2048  # RFC 7518 sections 3.3 and 3.5: "A key of size 2048 bits or larger MUST be used"
_MAX_BITS = 8192  # a verification costs the square of this; a hostile key set must not set the price
_MAX_EXPONENT_BITS = 64  # and grows with the length of this; every exponent in use is far below
# A product of two large primes has none of these (NIST SP 800-89 section 5.3.3). What has one is no key, but a slip or worse.
_SMALL_PRIMES = prod(n for n in range(3, 752, 2) if all(n % d for d in range(3, int(n**0.5) + 1, 2)))
# CVE-2017-15361 ("ROCA"): a widespread chip made primes that are powers of 65537 to each of these, and so are their products.
# Such a modulus can be factored. By chance one in 240 million moduli looks the same.
_ROCA = tuple(
    (prime, frozenset(pow(65537, power, prime) for power in range(prime - 1)))
    for prime in (11, 13, 17, 19, 37, 53, 61, 71, 73, 79, 97, 103, 107, 109, 127, 151, 157)
)
_HASHES: dict[str, hashes.HashAlgorithm] = {
    "sha256": hashes.SHA256(),
    "sha384": hashes.SHA384(),
    "sha512": hashes.SHA512(),
}
_PKCS1V15 = padding.PKCS1v15()


def checker(key: Public, hash_name: str, *, pss: bool) -> Callable[[bytes, bytes], bool]:
    """Return a function that checks signatures of this key."""
    verify, algorithm, pad = key.verify, _HASHES[hash_name], _padding(hash_name, pss=pss)

    def check(signature: bytes, data: bytes) -> bool:
        try:
            verify(signature, data, pad, algorithm)
        except InvalidSignature:
            return False
        return True

    return check


def signer(key: Private, hash_name: str, *, pss: bool) -> Callable[[bytes], bytes]:
    """Return a function that signs with this key."""
    make, algorithm, pad = key.sign, _HASHES[hash_name], _padding(hash_name, pss=pss)

    def sign(data: bytes) -> bytes:
        return make(data, pad, algorithm)

    return sign


def generate() -> Private:
    """Make a key of 2,048 bits."""
    return rsa.generate_private_key(public_exponent=65537, key_size=MIN_BITS)


def read(jwk: Mapping[str, Any]) -> tuple[Public, Private | None]:
    """Return the public and, where present, the private key of a JWK of type "RSA".

    A leading zero octet is forgiven (RFC 7518 section 6.3.1.1 knows that some libraries write one): it changes neither
    the key nor its thumbprint.

    Raises:
        InvalidKey: Numbers that make no key, or that would make its use expensive.
        ValueError, Malformed: A member that is missing or no base64url; private numbers that do not fit the public ones.
    """
    n, e = _number(jwk, "n"), _number(jwk, "e")
    police(n, e)
    numbers = rsa.RSAPublicNumbers(e, n)
    public = numbers.public_key()
    if "d" not in jwk:
        return public, None
    if "oth" in jwk:  # RFC 7518 section 6.3.2.7: who does not support more than two primes must not use the key
        raise InvalidKey("RSA keys with more than two primes are not supported")
    p, q, d, dp, dq, qi = (_number(jwk, name) for name in ("p", "q", "d", "dp", "dq", "qi"))
    return public, rsa.RSAPrivateNumbers(p, q, d, dp, dq, qi, numbers).private_key()


def police(n: int, e: int) -> None:
    """Refuse a modulus and an exponent that no honest key has.

    An exponent of 1 would make every padded text its own signature; an even one has no inverse.

    Raises:
        InvalidKey: With what is wrong.
    """
    bits = n.bit_length()
    if bits < MIN_BITS:
        raise InvalidKey(f"RSA needs a key of {MIN_BITS} bits or more; this one has {bits}")
    if bits > _MAX_BITS:
        raise InvalidKey(f"RSA keys of more than {_MAX_BITS} bits are refused")
    if n % 2 == 0 or gcd(n, _SMALL_PRIMES) != 1:
        raise InvalidKey("the RSA modulus has a small factor, so it is no product of two large primes")
    if all(n % prime in powers for prime, powers in _ROCA):
        raise InvalidKey("the RSA modulus has the mark of CVE-2017-15361: keys of that generator can be factored")
    if e < 3 or e % 2 == 0 or e.bit_length() > _MAX_EXPONENT_BITS:
        raise InvalidKey(f"the RSA exponent must be odd, 3 or more, and of {_MAX_EXPONENT_BITS} bits at most")


def members(key: Public) -> dict[str, str]:
    """Return the members that identify a key (RFC 7638 section 3.2)."""
    numbers = key.public_numbers()
    return {"kty": "RSA", "n": _minimal(numbers.n), "e": _minimal(numbers.e)}


def _padding(hash_name: str, *, pss: bool) -> padding.AsymmetricPadding:
    if not pss:
        return _PKCS1V15
    # RFC 7518 section 3.5: "The size of the salt value is the same size as the hash function output", and MGF1 has the same hash.
    algorithm = _HASHES[hash_name]
    return padding.PSS(mgf=padding.MGF1(algorithm), salt_length=algorithm.digest_size)


def _number(jwk: Mapping[str, Any], name: str) -> int:
    return int.from_bytes(base64url.decode_member(jwk, name), "big")


def _minimal(number: int) -> str:
    return base64url.encode(number.to_bytes((number.bit_length() + 7) // 8, "big"))
