"""Hashes of passwords as other systems write them down, read into the form that is stored here (`password_hash`)."""

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from .errors import NotAllowed
from .password_hash import Argon2Hash, BcryptHash, PasswordHash, Pbkdf2Hash, ScryptHash, from_text, parse

_PASSLIB_PBKDF2 = re.compile(r"\$pbkdf2(-sha256|-sha512)?\$([0-9]{1,9})\$([A-Za-z0-9./]*)\$([A-Za-z0-9./]+)\Z")
_PASSLIB_BCRYPT = re.compile(
    r"\$bcrypt-sha256\$(?:v=2,t=(2[ab]),r=([0-9]{1,2})|(2[ab]),([0-9]{1,2}))\$([./A-Za-z0-9]{22})\$([./A-Za-z0-9]{31})\Z"
)
_KEYCLOAK_VERSIONS = {"1.3": 19, "1.0": 16}


@dataclass(frozen=True, slots=True, kw_only=True)
class FirebaseParameters:
    """What a Firebase project hashes all its passwords with; its console shows them as `hash_config`.

    `rounds` is scrypt's r, `memory_cost` the binary logarithm of its N.
    """

    signer_key: bytes = field(repr=False)
    salt_separator: bytes
    rounds: int
    memory_cost: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Dumped:
    """One hash as it was exported.

    Attributes:
        hashed: The text, or for Keycloak the JSON of a credential.
        scheme: Which system wrote it, one of `SCHEMES`; '' where the text says it itself.
        salt: Where it is exported beside the hash (Firebase), in base64.
        firebase: What a Firebase project hashes all its passwords with.
    """

    hashed: str | Mapping[str, object] = field(repr=False)
    scheme: str = ""
    salt: str = ""
    firebase: FirebaseParameters | None = None


def read(dumped: Dumped) -> PasswordHash:
    """Read a hash, and see that it can be verified here at a bearable cost.

    Raises:
        NotAllowed: Not a hash of that scheme, of a scheme that is not known, or beyond the bounds; the text says which.
    """
    scheme = dumped.scheme or _guessed(dumped)
    reader = _READERS.get(scheme)
    if reader is None:
        raise NotAllowed(f"The scheme {scheme!r} is not known; these are: {', '.join(SCHEMES)}.")
    return reader(dumped)


def _guessed(dumped: Dumped) -> str:
    if not isinstance(dumped.hashed, str):
        return "keycloak"
    begin = dumped.hashed.partition("$")[0]
    if begin == "":
        return "passlib" if _PASSLIB_PBKDF2.match(dumped.hashed) or _PASSLIB_BCRYPT.match(dumped.hashed) else "crypt"
    if begin in _DJANGO:
        return "django"
    if begin.startswith(("scrypt:", "pbkdf2:")):
        return "werkzeug"
    raise NotAllowed(f"This text does not say of what scheme it is; name one of {', '.join(SCHEMES)}.")


def _crypt(dumped: Dumped) -> PasswordHash:
    """Argon2 in the PHC format, bcrypt as Auth0 and many others have it, and passlib's `$scrypt$`."""
    return parse(_string(dumped))


def _django(dumped: Dumped) -> PasswordHash:
    """`algorithm$...` as in Django's table `auth_user`; see `django/contrib/auth/hashers.py`."""
    algorithm, _, rest = _string(dumped).partition("$")
    reader = _DJANGO.get(algorithm)
    if reader is None:
        raise NotAllowed(f"Django's {algorithm!r} is not taken; {', '.join(_DJANGO)} are.")
    return reader(rest)


def _django_pbkdf2(digest: str) -> Callable[[str], PasswordHash]:
    def read(rest: str) -> PasswordHash:
        iterations, salt, key = _parts(rest, 3)
        return Pbkdf2Hash(digest, _number(iterations), salt.encode(), from_text(key))

    return read


def _django_scrypt(rest: str) -> PasswordHash:
    n, salt, r, p, key = _parts(rest, 5)
    return ScryptHash(_log2(_number(n)), _number(r), _number(p), salt.encode(), from_text(key))


_DJANGO: dict[str, Callable[[str], PasswordHash]] = {
    "pbkdf2_sha256": _django_pbkdf2("sha256"),
    "pbkdf2_sha1": _django_pbkdf2("sha1"),
    "argon2": lambda rest: parse("$" + rest),
    "bcrypt_sha256": lambda rest: BcryptHash(rest, "sha256-hex"),
    "bcrypt": BcryptHash,
    "scrypt": _django_scrypt,
}


def _passlib(dumped: Dumped) -> PasswordHash:
    """The modular crypt format of passlib, whose base64 has `.` for `+` (`passlib.utils.binary.ab64_decode`)."""
    text = _string(dumped)
    if found := _PASSLIB_PBKDF2.match(text):
        digest, rounds, salt, key = found.groups()
        return Pbkdf2Hash((digest or "-sha1")[1:], int(rounds), _ab64(salt), _ab64(key))
    if found := _PASSLIB_BCRYPT.match(text):
        second_version, cost, kind, old_cost, salt, key = found.groups()
        prepared = "hmac-sha256" if second_version else "sha256"
        return BcryptHash(f"${second_version or kind}${int(cost or old_cost):02}${salt}{key}", prepared)
    return parse(text)


def _werkzeug(dumped: Dumped) -> PasswordHash:
    """`scrypt:N:r:p$salt$hex` and `pbkdf2:digest:iterations$salt$hex`, as `werkzeug.security` writes them."""
    method, salt, key = _parts(_string(dumped), 3)
    try:
        raw = bytes.fromhex(key)
    except ValueError:
        raise NotAllowed("The hash is not hexadecimal.") from None
    match method.split(":"):
        case ["scrypt", n, r, p]:
            return ScryptHash(_log2(_number(n)), _number(r), _number(p), salt.encode(), raw)
        case ["pbkdf2", digest, iterations]:
            return Pbkdf2Hash(digest, _number(iterations), salt.encode(), raw)
    raise NotAllowed("Werkzeug's hashes begin with scrypt:N:r:p or pbkdf2:DIGEST:ITERATIONS.")


def _keycloak(dumped: Dumped) -> PasswordHash:
    """A credential of Keycloak's realm export: `secretData` and `credentialData`, each JSON in a string."""
    credential = _mapping(dumped.hashed, "password_hash")
    secret, data = (
        _mapping(credential.get("secretData"), "secretData"),
        _mapping(credential.get("credentialData"), "credentialData"),
    )
    salt, key = from_text(str(secret.get("salt", ""))), from_text(str(secret.get("value", "")))
    iterations, algorithm = _number(data.get("hashIterations")), str(data.get("algorithm"))
    if algorithm == "argon2":
        more = _mapping(data.get("additionalParameters"), "additionalParameters")
        one = {name: values[0] for name, values in more.items() if isinstance(values, list) and values}
        version = _KEYCLOAK_VERSIONS.get(str(one.get("version")))
        if version is None or one.get("type") not in ("id", "i", "d"):
            raise NotAllowed("Keycloak's argon2 has the types id, i and d in the versions 1.0 and 1.3.")
        lanes = _number(one.get("parallelism"))
        return Argon2Hash(f"argon2{one['type']}", version, _number(one.get("memory")), iterations, lanes, salt, key)
    digest = {"pbkdf2": "sha1", "pbkdf2-sha256": "sha256", "pbkdf2-sha512": "sha512"}.get(algorithm)
    if digest is None:
        raise NotAllowed(f"Keycloak's {algorithm!r} is not taken; argon2, pbkdf2, pbkdf2-sha256 and pbkdf2-sha512 are.")
    return Pbkdf2Hash(digest, iterations, salt, key)


def _firebase(dumped: Dumped) -> PasswordHash:
    """`passwordHash` and `salt` of `firebase auth:export`; see github.com/firebase/scrypt.

    Firebase encrypts the project's key with AES-256 in counter mode under what scrypt gives. Encrypting is an exclusive-or with a
    stream, so the stream itself is stored, and the project's key can be forgotten.
    """
    if dumped.firebase is None:
        raise NotAllowed("A hash of Firebase needs the parameters of its project: --firebase FILE.")
    project, cipher = dumped.firebase, from_text(_string(dumped).translate(_URL_SAFE))
    if len(cipher) != len(project.signer_key):
        raise NotAllowed("A hash of Firebase is as long as its project's signer key.")
    stream = bytes(a ^ b for a, b in zip(cipher, project.signer_key, strict=True))
    salt = from_text(dumped.salt.translate(_URL_SAFE)) + project.salt_separator
    return ScryptHash(project.memory_cost, project.rounds, 1, salt, stream, firebase=True)


_READERS: dict[str, Callable[[Dumped], PasswordHash]] = {
    "argon2": _crypt,
    "bcrypt": _crypt,
    "crypt": _crypt,
    "django": _django,
    "firebase": _firebase,
    "keycloak": _keycloak,
    "passlib": _passlib,
    "werkzeug": _werkzeug,
}
SCHEMES = tuple(_READERS)
# `firebase auth:export` writes base64 of the alphabet for URLs (RFC 4648 section 5), the console the other one.
_URL_SAFE = str.maketrans("-_", "+/")


def _string(dumped: Dumped) -> str:
    if not isinstance(dumped.hashed, str):
        raise NotAllowed("The hash has to be a text here.")
    return dumped.hashed


def _mapping(value: object, name: str) -> Mapping[str, object]:
    if isinstance(value, str) and len(value) <= 10_000:
        try:
            value = json.loads(value)
        except (ValueError, RecursionError):
            value = None
    if not isinstance(value, Mapping):
        raise NotAllowed(f"{name} has to be an object, or the JSON of one.")
    return value


def _parts(text: str, count: int) -> list[str]:
    found = text.split("$")
    if len(found) != count:
        raise NotAllowed(f"The hash has {len(found)} parts between $, not {count}.")
    return found


def _number(value: object) -> int:
    text = str(value)
    if not (text.isascii() and text.isdecimal() and len(text) <= 9):
        raise NotAllowed("A cost of the hash is not a number.")
    return int(text)


def _log2(n: int) -> int:
    if n < 2 or n & (n - 1):
        raise NotAllowed("scrypt's N is a power of two (RFC 7914 section 6).")
    return n.bit_length() - 1


def _ab64(text: str) -> bytes:
    return from_text(text.replace(".", "+"))
