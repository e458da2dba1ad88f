"""How each library is used: as its documentation says, keys parsed beforehand, iss, aud, exp and nbf checked.

An adapter gets an algorithm's keys and returns what checks a token (and raises if it is bad), and what loads the private key and returns
what issues a token. It runs in the
contestant's own environment, so it imports nothing but the library and the standard library. Peers are called in their shortest
documented way, which is also their fastest.
"""

import base64
import hmac
import os
import time
from collections.abc import Callable, Mapping
from typing import Any

Keys = Mapping[str, Any]
Checker = Callable[[Any], object]
Issuing = Callable[[], Callable[[], object]]

ISSUER, AUDIENCE = "https://id.bench.example", "https://api.bench.example"
PACKAGES = {
    "admit": ("admit", "cryptography", "msgspec", "pybase64", "pynacl"),
    "bare": ("cryptography",),
    "libsodium": ("pynacl",),
    "pyjwt": ("pyjwt", "cryptography"),
    "joserfc": ("joserfc", "cryptography"),
    "authlib": ("authlib", "cryptography"),
    "python_jose": ("python-jose", "cryptography"),
    "jwcrypto": ("jwcrypto", "cryptography"),
    "oxyjwt": ("oxyjwt", "orjson"),
    "webtoken": ("webtoken",),
}


class Unsupported(Exception):
    """The library has no such algorithm, or does not do this."""


def claims_now(base: Mapping[str, Any]) -> dict[str, Any]:
    """The claims of a new token: a number and times of its own, as every application has to make them."""
    now = int(time.time())
    return {**base, "iat": now, "nbf": now, "exp": now + 300, "jti": base64.urlsafe_b64encode(os.urandom(16)).decode()}


def admit(alg: str, keys: Keys) -> tuple[Checker, Issuing, Checker]:
    """The whole `Verifier`, with revocations that hold a hundred ended sessions, grants, tokens.

    HS256 is as it is by default: the secret of one service, behind which there is no server and no feed. Tokens that come again are checked
    against revocations with HS256 too.
    """
    from admit import Issuer, Verifier
    from admit.jose import Jwk, Jwks
    from admit.revocations import InMemoryRevocations

    revocations = InMemoryRevocations()
    for number in range(100):
        for kind in ("sid", "grant", "jti"):
            revocations.revoke(kind, f"ended-{number}", until=time.time() + 3600)
    key = Jwk.parse(keys["public_jwk"])
    # The default but for the memory, which is measured with as many tokens as the goal names; a generation is half of it.
    more = {"max_cached_tokens": 2 * keys["cached"]} if "cached" in keys else {}
    told = Verifier(issuer=ISSUER, audience=AUDIENCE, keys=Jwks([key]), revocations=revocations, **more)
    first = Verifier(issuer=ISSUER, audience=AUDIENCE, keys=key, **more) if alg == "HS256" else told

    def issuing() -> Callable[[], str]:
        issuer, base = Issuer(issuer=ISSUER, key=Jwk.parse(keys["private_jwk"])), keys["claims"]
        scopes = base["scope"].split()
        own = {name: value for name, value in base.items() if name not in ("iss", "sub", "aud", "client_id", "scope")}
        subject, client = base["sub"], base["client_id"]

        def issue() -> str:
            claims = {**own, "nbf": int(time.time())}
            return issuer.issue(
                subject=subject, audience=AUDIENCE, scopes=scopes, lifetime_s=300, client_id=client, claims=claims
            )

        return issue

    return (told if "cached" in keys else first).verify, issuing, told.verify


def bare(alg: str, keys: Keys) -> tuple[Checker, Issuing]:
    """What no library can be faster than on the same primitives: takes (signature, data), made beforehand."""
    data = b"x" * 600
    if alg == "HS256":
        secret, digest, equal = keys["secret"], hmac.digest, hmac.compare_digest

        def check(pair: tuple[bytes, bytes]) -> None:
            if not equal(digest(secret, pair[1], "sha256"), pair[0]):
                raise ValueError("forged")

        return check, lambda: lambda: digest(secret, data, "sha256")
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec, padding

    sha256 = hashes.SHA256()
    how: tuple[Any, ...] = {
        "RS256": (padding.PKCS1v15(), sha256),
        "PS256": (padding.PSS(padding.MGF1(sha256), sha256.digest_size), sha256),
        "ES256": (ec.ECDSA(sha256),),
        "Ed25519": (),
    }[alg]
    public: Any = serialization.load_pem_public_key(keys["public_pem"])

    def issuing() -> Callable[[], bytes]:
        private: Any = serialization.load_pem_private_key(keys["private_pem"], None)
        return lambda: private.sign(data, *how)

    return lambda pair: public.verify(pair[0], pair[1], *how), issuing


def libsodium(alg: str, keys: Keys) -> tuple[Checker, Issuing]:
    """The same for Ed25519 of libsodium: takes signature + data, made beforehand."""
    if alg != "Ed25519":
        raise Unsupported(alg)
    from nacl.bindings import crypto_sign, crypto_sign_open, crypto_sign_seed_keypair

    def raw(name: str) -> bytes:
        return base64.urlsafe_b64decode(keys["private_jwk"][name] + "=")

    public, secret = crypto_sign_seed_keypair(raw("d"))
    data = b"x" * 600
    return lambda both: crypto_sign_open(both, public), lambda: lambda: crypto_sign(data, secret)


def pyjwt(alg: str, keys: Keys) -> tuple[Checker, Issuing]:
    """`jwt.decode` with audience and issuer; keys as PyJWK, which binds them to their algorithm."""
    import jwt

    name, base = _old_name(alg), keys["claims"]

    def loaded(kind: str) -> Any:
        return keys["secret"] if alg == "HS256" else jwt.PyJWK(keys[kind], algorithm=name).key

    def issuing() -> Callable[[], str]:
        private, headers = loaded("private_jwk"), {"typ": "at+jwt", "kid": keys["kid"]}
        return lambda: jwt.encode(claims_now(base), private, algorithm=name, headers=headers)

    key = loaded("public_jwk")
    return lambda token: jwt.decode(token, key, algorithms=[name], audience=AUDIENCE, issuer=ISSUER), issuing


def joserfc(alg: str, keys: Keys) -> tuple[Checker, Issuing]:
    """`jwt.decode`, then a claims registry that demands iss, aud and exp."""
    from joserfc import jwk, jwt

    name, base = _old_name(alg), keys["claims"]
    key = _by_type(alg, jwk).import_key(keys["public_jwk"])
    demands = jwt.JWTClaimsRegistry(
        iss={"essential": True, "value": ISSUER}, aud={"essential": True, "value": AUDIENCE}, exp={"essential": True}
    )

    def check(token: str) -> object:
        found = jwt.decode(token, key, algorithms=[name])
        demands.validate(found.claims)
        return found.claims

    def issuing() -> Callable[[], str]:
        private = _by_type(alg, jwk).import_key(keys["private_jwk"])
        header = {"alg": name, "typ": "at+jwt", "kid": keys["kid"]}
        return lambda: jwt.encode(header, claims_now(base), private, algorithms=[name])

    return check, issuing


def authlib(alg: str, keys: Keys) -> tuple[Checker, Issuing]:
    """`JsonWebToken([alg]).decode` with claims options, then `validate()`."""
    from authlib import jose

    name, base = _old_name(alg), keys["claims"]
    tokens = jose.JsonWebToken([name])
    key = _by_type(alg, jose).import_key(keys["public_jwk"])
    options = {
        "iss": {"essential": True, "value": ISSUER},
        "aud": {"essential": True, "value": AUDIENCE},
        "exp": {"essential": True},
    }

    def check(token: str) -> object:
        claims = tokens.decode(token, key, claims_options=options)
        claims.validate()
        return claims

    def issuing() -> Callable[[], bytes]:
        private = _by_type(alg, jose).import_key(keys["private_jwk"])
        header = {"alg": name, "typ": "at+jwt", "kid": keys["kid"]}
        return lambda: tokens.encode(header, claims_now(base), private)

    return check, issuing


def python_jose(alg: str, keys: Keys) -> tuple[Checker, Issuing]:
    """`jwt.decode` with audience, issuer and a key of `jwk.construct`."""
    from jose import jwk, jwt

    if alg in ("PS256", "Ed25519"):
        raise Unsupported(alg)
    base = keys["claims"]

    def loaded(kind: str) -> Any:
        return jwk.construct(keys["secret" if alg == "HS256" else kind], alg)

    def issuing() -> Callable[[], str]:
        private, headers = loaded("private_pem"), {"typ": "at+jwt", "kid": keys["kid"]}
        return lambda: jwt.encode(claims_now(base), private, algorithm=alg, headers=headers)

    key = loaded("public_pem")
    return lambda token: jwt.decode(token, key, algorithms=[alg], audience=AUDIENCE, issuer=ISSUER), issuing


def jwcrypto(alg: str, keys: Keys) -> tuple[Checker, Issuing]:
    """`jwt.JWT(jwt=..., key=..., algs=..., check_claims=...)`."""
    from jwcrypto import jwk, jwt

    name, base = _old_name(alg), keys["claims"]
    key = jwk.JWK(**keys["public_jwk"])
    demands = {"iss": ISSUER, "aud": AUDIENCE, "exp": None, "nbf": None}

    def issuing() -> Callable[[], str]:
        private = jwk.JWK(**keys["private_jwk"])
        header = {"alg": name, "typ": "at+jwt", "kid": keys["kid"]}

        def issue() -> str:
            token = jwt.JWT(header=header, claims=claims_now(base))
            token.make_signed_token(private)
            return token.serialize()

        return issue

    return lambda token: jwt.JWT(jwt=token, key=key, algs=[name], check_claims=demands, expected_type="JWS"), issuing


def oxyjwt(alg: str, keys: Keys) -> tuple[Checker, Issuing]:
    """`oxyjwt.decode` with audience and issuer, and its own key objects."""
    import oxyjwt as library

    name, base = _old_name(alg), keys["claims"]
    kind = {"RS256": "rsa", "PS256": "rsa", "ES256": "ec", "Ed25519": "ed"}.get(alg)

    def loaded(maker: Any, pem: str) -> Any:
        return maker.from_secret(keys["secret"]) if kind is None else getattr(maker, f"from_{kind}_pem")(keys[pem])

    def issuing() -> Callable[[], str]:
        private, headers = loaded(library.EncodingKey, "private_pem"), {"typ": "at+jwt", "kid": keys["kid"]}
        return lambda: library.encode(claims_now(base), private, algorithm=name, headers=headers)

    key, names = loaded(library.DecodingKey, "public_pem"), [name]
    return lambda token: library.decode(token, key, algorithms=names, audience=AUDIENCE, issuer=ISSUER), issuing


def webtoken(alg: str, keys: Keys) -> tuple[Checker, Issuing]:
    """`webtoken.decode` with audience and issuer; keys as its PyJWK."""
    import webtoken as library

    name, base = _old_name(alg), keys["claims"]

    def loaded(kind: str) -> Any:
        return keys["secret"] if alg == "HS256" else library.PyJWK(keys[kind], name)

    def issuing() -> Callable[[], str]:
        private, headers = loaded("private_jwk"), {"typ": "at+jwt", "kid": keys["kid"]}
        return lambda: library.encode(claims_now(base), private, algorithm=name, headers=headers)

    key, names = loaded("public_jwk"), [name]
    return lambda token: library.decode(token, key, algorithms=names, audience=AUDIENCE, issuer=ISSUER), issuing


def _old_name(alg: str) -> str:
    # RFC 9864 gave Ed25519 a name of its own; all contestants know the older one (RFC 8037), which the tokens carry.
    return "EdDSA" if alg == "Ed25519" else alg


def _by_type(alg: str, module: Any) -> Any:
    names = {"HS256": "OctKey", "ES256": "ECKey", "Ed25519": "OKPKey"}
    return getattr(module, names.get(alg, "RSAKey"))
