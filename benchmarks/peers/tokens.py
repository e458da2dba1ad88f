"""Keys and tokens of a race: the same for everybody, made with `cryptography` alone."""

import base64
import hashlib
import hmac
import json
import secrets
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat

from .adapters import AUDIENCE, ISSUER

ALGORITHMS = ("HS256", "RS256", "ES256", "PS256", "Ed25519")
PAYLOAD_BYTES = 367
_SHA256 = hashes.SHA256()
# Numbers and times have a fixed width, so that every payload has the same size.
_BASE: dict[str, Any] = {
    "iss": ISSUER,
    "sub": "usr_7Hq2mZ4sYt9",
    "aud": AUDIENCE,
    "client_id": "orders-web",
    "sid": "ses_Zt5Lk3bQw8Xv",
    "grant": "grt_Np7Rj2cVd6Fs",
    "auth_time": int(time.time()) - 60,
    "acr": "password",
    "scope": "orders:read orders:write",
}


@dataclass(frozen=True)
class Keys:
    """One algorithm's key in the spellings that libraries want."""

    alg: str
    kid: str
    secret: bytes = b""
    private: Any = None
    private_jwk: dict[str, str] = field(default_factory=dict)
    public_jwk: dict[str, str] = field(default_factory=dict)

    def as_json(self) -> dict[str, Any]:
        """What a worker gets."""
        private, public = b"", b""
        if self.private is not None:
            private = self.private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
            public = self.private.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
        binary = {"secret": self.secret, "private_pem": private, "public_pem": public}
        return {name: base64.b64encode(value).decode() for name, value in binary.items()} | {
            "kid": self.kid,
            "private_jwk": self.private_jwk,
            "public_jwk": self.public_jwk,
            "claims": base_claims(),
        }

    def sign(self, data: bytes) -> bytes:
        """The JWS signature."""
        match self.alg:
            case "HS256":
                return hmac.digest(self.secret, data, hashlib.sha256)
            case "RS256":
                return self.private.sign(data, padding.PKCS1v15(), _SHA256)
            case "PS256":
                return self.private.sign(data, padding.PSS(padding.MGF1(_SHA256), _SHA256.digest_size), _SHA256)
            case "ES256":
                r, s = decode_dss_signature(self.private.sign(data, ec.ECDSA(_SHA256)))
                return r.to_bytes(32, "big") + s.to_bytes(32, "big")
            case _:
                return self.private.sign(data)


def make_keys(alg: str) -> Keys:
    """Make a key."""
    kid = f"key-{alg.lower()}"
    if alg == "HS256":
        secret = secrets.token_bytes(32)
        jwk = {"kty": "oct", "k": base64url(secret), "kid": kid}
        return Keys(alg, kid, secret=secret, private_jwk=jwk, public_jwk=jwk)
    private: Any
    if alg == "ES256":
        private = ec.generate_private_key(ec.SECP256R1())
        numbers = private.private_numbers()
        point = {
            "kty": "EC",
            "crv": "P-256",
            "x": _number(numbers.public_numbers.x, 32),
            "y": _number(numbers.public_numbers.y, 32),
        }
        return Keys(
            alg,
            kid,
            private=private,
            public_jwk=point | {"kid": kid},
            private_jwk=point | {"d": _number(numbers.private_value, 32), "kid": kid},
        )
    if alg == "Ed25519":
        private = ed25519.Ed25519PrivateKey.generate()
        point = {"kty": "OKP", "crv": "Ed25519", "x": base64url(private.public_key().public_bytes_raw()), "kid": kid}
        return Keys(
            alg,
            kid,
            private=private,
            public_jwk=point,
            private_jwk=point | {"d": base64url(private.private_bytes_raw())},
        )
    private = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    numbers = private.private_numbers()
    public = {
        "kty": "RSA",
        "n": _number(numbers.public_numbers.n),
        "e": _number(numbers.public_numbers.e),
        "alg": alg,
        "kid": kid,
    }
    parts = {"d": numbers.d, "p": numbers.p, "q": numbers.q, "dp": numbers.dmp1, "dq": numbers.dmq1, "qi": numbers.iqmp}
    return Keys(
        alg,
        kid,
        private=private,
        public_jwk=public,
        private_jwk=public | {name: _number(each) for name, each in parts.items()},
    )


def base_claims() -> dict[str, Any]:
    """The claims that all tokens have alike (RFC 9068 section 2.2); padded so that a payload has 367 bytes."""
    size = len(_json(claims(_BASE, number=0)))
    return _BASE | {"scope": _BASE["scope"] + " " + "x" * (PAYLOAD_BYTES - size - 1)}


def claims(base: Mapping[str, Any], *, number: int) -> dict[str, Any]:
    """The claims of one token; `number` makes it different from all others."""
    now = int(time.time())
    return {**base, "iat": now, "nbf": now, "exp": now + 3600, "jti": f"{number:022}"}


def token(
    keys: Keys,
    payload: Mapping[str, Any],
    *,
    header: Mapping[str, Any] | None = None,
    sign: Callable[[bytes], bytes] | None = None,
) -> str:
    """A compact JWS."""
    alg = "EdDSA" if keys.alg == "Ed25519" else keys.alg
    head = {"alg": alg, "typ": "at+jwt", "kid": keys.kid} | dict(header or {})
    text = ".".join(base64url(_json(part)) for part in (head, payload))
    return f"{text}.{base64url((sign or keys.sign)(text.encode()))}"


def good(keys: Keys, *, first: int, count: int) -> list[str]:
    """Many different good tokens."""
    base = base_claims()
    return [token(keys, claims(base, number=number)) for number in range(first, first + count)]


def bad(keys: Keys) -> dict[str, str]:
    """Tokens that nobody may take, by what is wrong with them."""
    payload, now = claims(base_claims(), number=1), int(time.time())
    fine = token(keys, payload)
    other = token(keys, payload | {"sub": "usr_somebodyelse"})
    found = {
        "expired": token(keys, payload | {"exp": now - 600}),
        "not yet valid": token(keys, payload | {"nbf": now + 600}),
        "for another audience": token(keys, payload | {"aud": "https://other.example"}),
        "of another issuer": token(keys, payload | {"iss": "https://other.example"}),
        "signed by another key": token(keys, payload, sign=make_keys(keys.alg).sign),
        "with the payload of another": ".".join((fine.split(".")[0], other.split(".")[1], fine.split(".")[2])),
        "with one bit of the signature turned": _turned(fine),
        "without a signature": token(keys, payload, header={"alg": "none"}, sign=lambda data: b""),
    }
    if keys.private is not None:
        pem = base64.b64decode(keys.as_json()["public_pem"])
        found["signed with the public key as a secret"] = token(
            keys, payload, header={"alg": "HS256"}, sign=lambda data: hmac.digest(pem, data, "sha256")
        )
    return found


def doubtful(keys: Keys) -> dict[str, str]:
    """Tokens that a strict check refuses; told of each contestant, and no reason not to time it."""
    payload = claims(base_claims(), number=2)
    fine = token(keys, payload)
    return {
        "without exp": token(keys, {name: value for name, value in payload.items() if name != "exp"}),
        "of another type (an ID token)": token(keys, payload, header={"typ": "JWT"}),
        "the same token in a second spelling": _respelled(fine),
    }


def base64url(data: bytes) -> str:
    """Without padding."""
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def _turned(text: str) -> str:
    data, _, signature = text.rpartition(".")
    raw = bytearray(base64.urlsafe_b64decode(signature + "=" * (-len(signature) % 4)))
    raw[7] ^= 1
    return f"{data}.{base64url(bytes(raw))}"


def _respelled(text: str) -> str:
    # RFC 4648 section 3.5: the last character of a signature has bits that stand for nothing; a strict reader wants them to be zero.
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    return text[:-1] + alphabet[alphabet.index(text[-1]) + 1]


def _json(value: Mapping[str, Any]) -> bytes:
    return json.dumps(value, separators=(",", ":")).encode()


def _number(value: int, size: int | None = None) -> str:
    return base64url(value.to_bytes(size or (value.bit_length() + 7) // 8, "big"))
