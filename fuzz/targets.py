"""What `fuzz/tokens.py` feeds, and what must always hold. The first byte of an input chooses the target."""

import json
from collections.abc import Callable
from typing import Any

from admit.jose import (
    InvalidKey,
    JoseError,
    Jwk,
    Jwks,
    Malformed,
    accelerators,
    base64url,
    generate_key,
    parse,
    strict_json,
    verify,
)

SECRET = Jwk.from_secret(b"fuzz" * 8, kid="k")
SIGNERS = [generate_key(alg, kid=alg) for alg in ("ES256", "ES512", "ES256K", "Ed25519", "Ed448", "RS256", "ML-DSA-44")]
RSA = next(key for key in SIGNERS if key.alg == "RS256")
KEYS = [key.public() for key in SIGNERS] + [Jwk.from_pkcs8(RSA.to_pkcs8(), alg="PS256", kid="PS256")]
SET = Jwks([*KEYS, SECRET])
DECODERS: list[Callable[[bytes], Any]] = [strict_json.flat_json]
if (installed := accelerators.json_decoder()) is not None:
    DECODERS.append(installed)


class Anything(frozenset):  # type: ignore[type-arg]
    """Every typ is right."""

    def __contains__(self, value: object) -> bool:
        return True


def whole_token(data: bytes) -> None:
    """A token that nobody signed is refused, and nothing but the errors of this library comes out."""
    token = data.decode("utf-8", "surrogateescape")
    try:
        parsed = parse(token)
    except JoseError:
        return
    assert (
        ".".join((token.split(".")[0], base64url.encode(parsed.payload), base64url.encode(parsed.signature))) == token
    )
    try:
        verify(parsed, SET, types=Anything())
    except JoseError:
        return
    raise AssertionError("accepted without a signature")


def signed(head: bytes, payload: bytes) -> str:
    text = f"{base64url.encode(head)}.{base64url.encode(payload)}"
    return f"{text}.{base64url.encode(SECRET.sign(text.encode()))}"


def signed_header(data: bytes) -> None:
    """What is accepted says the same to the strictest reader of JSON in the standard library, each name once."""
    try:
        header = verify(signed(data, b"{}"), SECRET, types=Anything()).header
    except JoseError:
        return

    def once(pairs: list[tuple[str, object]]) -> dict[str, object]:
        assert len(dict(pairs)) == len(pairs)
        return dict(pairs)

    assert header.members == json.loads(data.decode("utf-8"), object_pairs_hook=once)
    assert header.alg == header.members["alg"] == "HS256"
    assert not header.critical


def quickly(decoder: Callable[[bytes], Any], data: bytes) -> dict[str, Any] | None:
    """Return what a quick decoder reads, as the memory of good tokens uses it."""
    if data.count(b"{") + data.count(b"[") > strict_json.MAX_DEPTH:
        return None
    try:
        value = decoder(data)
    except (ValueError, RecursionError, StopIteration, Malformed):
        return None
    return value if type(value) is dict else None


def signed_payload(data: bytes) -> None:
    """The payload says the same whichever decoder reads it, and none reads what the strict one refuses."""
    quick = [quickly(decoder, data) for decoder in DECODERS]
    try:
        claims = verify(signed(b'{"alg":"HS256"}', data), SECRET, types=Anything()).claims
    except JoseError:
        assert quick == [None] * len(quick), quick
        return
    assert claims == json.loads(data.decode("utf-8"))
    assert all(value is None or json.dumps(value) == json.dumps(claims) for value in quick)
    json.dumps(claims, allow_nan=False, ensure_ascii=False).encode("utf-8")


def base64url_text(data: bytes) -> None:
    """One value, one text."""
    text = data.decode("latin-1")
    try:
        decoded = base64url.decode(text)
    except Malformed:
        return
    assert base64url.encode(decoded) == text


def key_set(data: bytes) -> None:
    """A set that is read can be published and read again."""
    try:
        keys = Jwks.parse(data)
    except InvalidKey:
        return
    again = Jwks.parse(json.dumps(keys.public_dict()).encode())
    assert [key.thumbprint() for key in again] == [key.thumbprint() for key in keys]
    assert not any(key.symmetric or key.can_sign for key in keys)


def signature(data: bytes) -> None:
    """Bytes are no signature, and no error either."""
    for key in (*KEYS, SECRET):
        assert key.verify(data, b"text") is False


TARGETS = (whole_token, signed_header, signed_payload, base64url_text, key_set, signature)


def one_input(data: bytes) -> None:
    """Feed the rest of the data to what the first byte chooses."""
    if data:
        TARGETS[data[0] % len(TARGETS)](data[1:])
