"""Tokens, good and mutated, for a comparison of libraries. Each case says of what kind it is; everything is deterministic."""

import base64
import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding

from admit.jose import Jwk, base64url, generate_key

_RSA = generate_key("RS256")
ALGORITHMS = (
    *("HS256", "HS384", "HS512"),
    *("ES256", "ES384", "ES512", "ES256K", "Ed25519", "Ed448"),
    *("RS256", "RS384", "RS512", "PS256", "PS384", "PS512"),
)
KEYS: dict[str, Jwk] = {
    alg: Jwk.from_pkcs8(_RSA.to_pkcs8(), alg=alg, kid="k") if alg[:2] in ("RS", "PS") else generate_key(alg, kid="k")
    for alg in ALGORITHMS
}
NOW = 1_900_000_000
CLAIMS = {
    "iss": "https://issuer.example",
    "sub": "alice",
    "aud": ["https://api.example", "b"],
    "exp": NOW + 300,
    "iat": 1_700_000_000,
    "client_id": "app",
    "jti": "1",
    "text": "zażółć \U0001f512",
}


@dataclass(frozen=True)
class Case:
    """A token and the algorithm of the key that it is checked with."""

    kind: str
    alg: str
    token: str


def encoded(value: object) -> str:
    """Return base64url of bytes, or of the JSON of anything else."""
    return base64url.encode(value if isinstance(value, bytes) else json.dumps(value).encode())


def signed_text(text: str, alg: str) -> str:
    """Sign the first two parts as they stand, whatever they are."""
    return f"{text}.{base64url.encode(KEYS[alg].sign(text.encode('utf-8', 'surrogatepass')))}"


def made(alg: str, head: object | None = None, payload: object = CLAIMS) -> str:
    """Sign any header and payload."""
    return signed_text(f"{encoded(header(alg) if head is None else head)}.{encoded(payload)}", alg)


def header(alg: str, **more: object) -> dict[str, object]:
    """Return an ordinary header."""
    return {"alg": alg, "typ": "at+jwt", "kid": "k", **more}


GOOD = {alg: made(alg) for alg in ALGORITHMS}


def all_cases() -> Iterator[Case]:
    """Yield every case."""
    for alg in ALGORITHMS:
        yield Case("a good token", alg, GOOD[alg])
        yield Case("a good token without claims", alg, made(alg, payload={}))
        yield from _flipped(alg)
        yield from _rearranged(alg)
        yield from _respelled(alg)
        yield from _signatures(alg)
        yield from _confused(alg)
    for alg in ("HS256", "ES256"):
        yield from _respelled_then_signed(alg)
        for kind, head in headers(alg):
            yield Case(kind, alg, made(alg, head))
        for kind, payload in payloads():
            yield Case(kind, alg, made(alg, payload=payload))
    yield Case("the name EdDSA for Ed25519", "Ed25519", made("Ed25519", header("EdDSA")))
    yield Case("the name EdDSA for Ed448", "Ed448", made("Ed448", header("EdDSA")))


def _flipped(alg: str) -> Iterator[Case]:
    token = GOOD[alg]
    step = 1 if alg == "HS256" else 1 + len(token) // 90
    for place in range(0, len(token), step):
        for bit in (1, 2, 32) if step == 1 else (1,):
            changed = chr(ord(token[place]) ^ bit)
            yield Case("one bit of the text is flipped", alg, token[:place] + changed + token[place + 1 :])
    head, payload, signature = (base64url.decode(part) for part in token.split("."))
    for place in range(0, len(signature), 1 + len(signature) // 40):
        odd = signature[:place] + bytes([signature[place] ^ 1 << place % 8]) + signature[place + 1 :]
        yield Case("one bit of the signature is flipped", alg, f"{encoded(head)}.{encoded(payload)}.{encoded(odd)}")
    for place in range(0, len(payload), 1 + len(payload) // 40):
        odd = payload[:place] + bytes([payload[place] ^ 1 << place % 8]) + payload[place + 1 :]
        yield Case("one bit of the payload is flipped", alg, f"{encoded(head)}.{encoded(odd)}.{encoded(signature)}")


def _rearranged(alg: str) -> Iterator[Case]:
    head, payload, signature = GOOD[alg].split(".")
    other = made(alg, payload={"sub": "mallory"}).split(".")
    for parts in (
        (payload, head, signature), (head, signature, payload), (signature, payload, head), (head, other[1], signature),
        (head, payload, other[2]), (head, head, signature), (head, payload, payload), (head, payload), (head,), (head, payload, ""),
        ("", payload, signature), (head, "", signature), ("", "", ""), (head, payload, signature, ""), ("", head, payload, signature),
        (head, payload, signature, signature), (head, payload, "", signature), (head, payload, signature, "", ""),
        (head + payload, signature), (head, payload + signature), (head, payload, signature + signature),
    ):  # fmt: skip
        yield Case("parts are swapped, doubled or missing", alg, ".".join(parts))
    for separator in (",", "..", " . ", "%2E", "\u3002", "\uff0e"):
        yield Case("another separator", alg, separator.join((head, payload, signature)))


def _alias(part: str) -> str | None:
    """Return another text that careless decoders read as the same bytes, or None where the last character has no bits left over."""
    spare = {2: 4, 3: 2}.get(len(part) % 4)
    if spare is None:
        return None
    letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    return part[:-1] + letters[letters.index(part[-1]) | 1 << spare - 1]


def _spellings(part: str) -> Iterator[tuple[str, str]]:
    middle = len(part) // 2
    yield "padding", part + "=" * (-len(part) % 4 or 4)
    yield "too much padding", part + "==="
    yield "padding in the middle", part[:middle] + "=" + part[middle:]
    for space in (" ", "\n", "\t", "\r\n", "\x0b"):
        yield "white space in a part", part[:middle] + space + part[middle:]
        yield "white space around a part", part + space
    for odd in ("!", "#", "\x00", "%", "~"):
        yield "characters outside the alphabet", part[:middle] + odd + part[middle:]
        yield "characters outside the alphabet", part + odd
    for odd in ("é", "Ａ", "\u2028", "\U0001f512"):
        yield "characters outside ASCII", part[:middle] + odd + part[middle:]
    if set(part) & set("-_"):
        yield "the standard alphabet of base64", part.replace("-", "+").replace("_", "/")
    if (alias := _alias(part)) is not None:
        yield "bits left over that are not zero", alias
    yield "one character more", part + "A"
    yield "one character less", part[:-1]
    yield "an impossible length", part[: len(part) // 4 * 4] + "A"


def _respelled(alg: str) -> Iterator[Case]:
    parts = GOOD[alg].split(".")
    for place, name in enumerate(("header", "payload", "signature")):
        for kind, spelling in _spellings(parts[place]):
            yield Case(f"{kind}, {name}", alg, ".".join((*parts[:place], spelling, *parts[place + 1 :])))
    for around in (" {}", "{} ", "{}\n", "\t{}", "Bearer {}", '"{}"', "\ufeff{}", "{}\x00", "{}&a=b", "<{}>"):
        yield Case("something around the token", alg, around.format(GOOD[alg]))


def _respelled_then_signed(alg: str) -> Iterator[Case]:
    """The signature is over the odd spelling, so only the spelling can be refused."""
    head, payload = encoded(header(alg)), encoded(CLAIMS)
    for name, spellings in (
        ("header", ((kind, f"{odd}.{payload}") for kind, odd in _spellings(head))),
        ("payload", ((kind, f"{head}.{odd}") for kind, odd in _spellings(payload))),
    ):
        for kind, text in spellings:
            yield Case(f"{kind}, {name}, and signed so", alg, signed_text(text, alg))


def _signatures(alg: str) -> Iterator[Case]:
    text, _, encoded_signature = GOOD[alg].rpartition(".")
    good = base64url.decode(encoded_signature)
    odd = [
        b"",
        b"\0",
        good[:-1],
        good[1:],
        good + b"\0",
        b"\0" + good,
        good + good,
        bytes(len(good)),
        b"\xff" * len(good),
    ]
    odd += [good[: len(good) // 2], good[len(good) // 2 :], good[::-1], good[len(good) // 2 :] + good[: len(good) // 2]]
    for signature in odd:
        yield Case("a signature of another length or content", alg, f"{text}.{encoded(signature)}")
    private, half = KEYS[alg]._private, len(good) // 2
    if alg.startswith("ES"):
        from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature

        from admit.jose import ecdsa

        order = ecdsa._CURVES[ecdsa.curve_of(KEYS[alg]._public)].order
        r, s = int.from_bytes(good[:half], "big"), int.from_bytes(good[half:], "big")
        yield Case("ECDSA as DER", alg, f"{text}.{encoded(encode_dss_signature(r, s))}")
        yield Case("ECDSA with the other s", alg, f"{text}.{encoded(good[:half] + (order - s).to_bytes(half, 'big'))}")
        for odd_r, odd_s in ((0, 0), (r, 0), (0, s), (order, s), (r, order), (1, 1), (r + order, s), (r, s + order)):
            if max(odd_r, odd_s) < 256**half:
                raw = odd_r.to_bytes(half, "big") + odd_s.to_bytes(half, "big")
                yield Case("ECDSA with numbers out of range", alg, f"{text}.{encoded(raw)}")
        wider = r.to_bytes(half + 1, "big") + s.to_bytes(half + 1, "big")
        yield Case("ECDSA with wider numbers", alg, f"{text}.{encoded(wider)}")
        if r < 256 ** (half - 1) and s < 256 ** (half - 1):  # rare: numbers that fit into less
            narrower = r.to_bytes(half - 1, "big") + s.to_bytes(half - 1, "big")
            yield Case("ECDSA with narrower numbers", alg, f"{text}.{encoded(narrower)}")
    if alg == "Ed25519":
        order = 2**252 + 27742317777372353535851937790883648493
        s = int.from_bytes(good[32:], "little")
        for times in (1, 2, 7, 14):
            if s + times * order < 2**256:
                yield Case(
                    "EdDSA with S out of range",
                    alg,
                    f"{text}.{encoded(good[:32] + (s + times * order).to_bytes(32, 'little'))}",
                )
    if alg[:2] in ("RS", "PS"):
        n = private.private_numbers().public_numbers.n
        yield Case(
            "RSA plus the modulus", alg, f"{text}.{encoded((int.from_bytes(good, 'big') + n).to_bytes(257, 'big'))}"
        )
    if alg.startswith("PS"):
        digest = {"PS256": hashes.SHA256(), "PS384": hashes.SHA384(), "PS512": hashes.SHA512()}[alg]
        for salt in (0, 20, digest.digest_size - 1, padding.PSS.MAX_LENGTH):
            odd_salt = private.sign(text.encode(), padding.PSS(padding.MGF1(digest), salt), digest)
            yield Case("PSS with a salt of another length", alg, f"{text}.{encoded(odd_salt)}")
        other = private.sign(text.encode(), padding.PSS(padding.MGF1(hashes.SHA1()), digest.digest_size), digest)
        yield Case("PSS with another mask", alg, f"{text}.{encoded(other)}")


def _confused(alg: str) -> Iterator[Case]:
    """The header names another algorithm, and the signature is one that somebody could make."""
    key = KEYS[alg]
    texts = [b"", b"\0" * 64]
    if key.symmetric:
        texts.append(key._private)
    else:
        spki = serialization.PublicFormat.SubjectPublicKeyInfo
        pem = key._public.public_bytes(serialization.Encoding.PEM, spki)
        texts += [
            pem,
            pem.strip(),
            key._public.public_bytes(serialization.Encoding.DER, spki),
            json.dumps(key.public_dict()).encode(),
        ]
    for name, digest in (("HS256", "sha256"), ("HS384", "sha384"), ("HS512", "sha512")):
        if name == alg:
            continue
        text = f"{encoded(header(name))}.{encoded(CLAIMS)}"
        for secret in texts:
            import hmac

            yield Case(
                "the public key as a secret", alg, f"{text}.{encoded(hmac.digest(secret, text.encode(), digest))}"
            )
    for name in (
        "none",
        "None",
        "NONE",
        "nOnE",
        "",
        " ",
        alg.lower() if alg.lower() != alg else alg.upper(),
        f"{alg} ",
        f"{alg}\0",
        "RSA1_5",
        "dir",
    ):
        text = f"{encoded(header(name))}.{encoded(CLAIMS)}"
        yield Case("no algorithm, or one that does not exist", alg, f"{text}.")
        yield Case("no algorithm, or one that does not exist", alg, f"{text}.{encoded(b'x' * 32)}")
        yield Case("no algorithm, or one that does not exist", alg, signed_text(text, alg))
    for other in ALGORITHMS:
        if other != alg:
            yield Case("signed by another algorithm, header too", alg, GOOD[other])
            yield Case(
                "signed by another algorithm, header of this",
                alg,
                signed_text(f"{encoded(header(alg))}.{encoded(CLAIMS)}", other),
            )
            yield Case(
                "the header of another algorithm", alg, signed_text(f"{encoded(header(other))}.{encoded(CLAIMS)}", alg)
            )
    stranger = (
        Jwk.from_secret(hashlib.sha512(b"x").digest(), alg=alg)
        if key.symmetric
        else generate_key("ES256")
        if alg == "ES256"
        else None
    )
    if stranger is not None:
        text = f"{encoded(header(alg))}.{encoded(CLAIMS)}"
        yield Case("signed by a stranger", alg, f"{text}.{encoded(stranger.sign(text.encode()))}")


def headers(alg: str) -> Iterator[tuple[str, object]]:
    """Yield odd headers; all of these tokens carry a good signature."""
    plain = json.dumps(header(alg))[1:-1]
    for odd in ("JWT", "at+jwt", "application/at+jwt", "AT+JWT", "JOSE", "x/y", ""):
        yield "a text as typ", header(alg, typ=odd)
    for name in ("typ", "kid", "cty", "alg"):
        for value in (5, 1.5, True, None, [], ["x"], [alg], {}, {"alg": alg}):
            shape = "null" if value is None else "an object" if isinstance(value, dict) else "no text"
            yield f"{shape} as {name}", header(alg) | {name: value}
    for value in ("", " ", "k" * 300, "../../etc/passwd", "' OR 1=1 --", "\0", "\u202e", "\ud83d\udd12", "Ａ"):
        yield "an odd text as kid", header(alg, kid=value)
    yield "a very long header", header(alg, kid="k" * 450)
    yield "a huge header", header(alg, kid="k" * 5000)
    for crit in (
        [],
        ["exp"],
        ["alg"],
        ["typ"],
        ["b64"],
        "exp",
        5,
        None,
        [5],
        [None],
        {},
        ["exp", "exp"],
        ["missing"],
        [["exp"]],
    ):
        yield "critical headers", header(alg, exp=1, crit=crit)
    yield "critical headers", header(alg, crit=["b64"], b64=True)
    for value in (False, None, 0, "false"):
        yield "b64 other than true", header(alg, b64=value)
        yield "b64 other than true, critical", header(alg, b64=value, crit=["b64"])
    yield "b64 of true", header(alg, b64=True)
    for name in ("jku", "x5u"):
        yield "addresses and names of keys", header(alg, **{name: "https://evil.example/keys"})
        yield "addresses and names of keys, of another type", header(alg, **{name: 5})
    for name in ("x5t", "x5t#S256"):
        yield "addresses and names of keys, of another type", header(alg, **{name: ["eA"]})
    yield "addresses and names of keys", header(alg, x5c=[base64.b64encode(b"x").decode()], x5t="eA")
    yield "a key in the header", header(alg, jwk={"kty": "oct", "k": "eA"})
    yield "zip", header(alg, zip="DEF")
    yield "an unknown header member", header(alg, iss="https://issuer.example")
    yield "an unknown header member", header(alg, **{"https://x.example/y": [1, 2]})
    yield "an unknown header member that is an object", header(alg, extra={"a": 1})
    for name in ("alg", "kid", "typ", "extra"):
        yield "a header member that stands twice", f'{{{plain}, "{name}": "{alg}", "{name}": "{alg}"}}'.encode()
    yield "a header member that stands twice", f'{{"alg": "none", {plain}}}'.encode()
    yield "a header member that stands twice", f'{{"\\u0061lg": "none", {plain}}}'.encode()
    for depth in (2, 15, 17, 100):
        yield "nested header members", f'{{{plain}, "extra": {"[" * depth}{"]" * depth}}}'.encode()
    for depth in (1000, 1300):
        yield "a header nested as deep as it fits", f'{{{plain}, "extra": {"[" * depth}{"]" * depth}}}'.encode()
    for number in ("1e400", "-1e400", "9" * 400, "1." + "9" * 400, "-0", "1E5", "0.1e-7"):
        yield "numbers in the header", f'{{{plain}, "extra": {number}}}'.encode()
    for number in ("NaN", "Infinity", "-Infinity"):
        yield "NaN in the header", f'{{{plain}, "extra": {number}}}'.encode()
    for text in ('"\\ud800"', '"\\udc00\\ud800"'):
        yield "half a character in the header", f'{{{plain}, "extra": {text}}}'.encode()
    for data in (b"\xef\xbb\xbf", b"\xff\xfe"):
        yield "a byte order mark before the header", data + json.dumps(header(alg)).encode()
    yield "a header in another encoding", json.dumps(header(alg)).encode("utf-16")
    yield "a header in another encoding", json.dumps(header(alg)).encode("utf-16-le")
    yield "a header in another encoding", json.dumps(header(alg)).encode("utf-32-be")
    yield "a header that is not UTF-8", f'{{{plain}, "extra": "'.encode() + b'\xff"}'
    yield "a header that is not UTF-8", f'{{{plain}, "extra": "'.encode() + b'\xed\xa0\x80"}'
    yield "a header that is not UTF-8", f'{{{plain}, "extra": "'.encode() + b'\xc0\xaf"}'
    for text in (
        "[]",
        "null",
        "5",
        '"x"',
        "",
        " ",
        "{",
        f"[{{{plain}}}]",
        f"{{{plain},}}",
        f"{{{plain}}} x",
        f"{{{plain}}}{{}}",
        f"{{{plain}}}\0",
    ):
        yield "a header that is no JSON object", text.encode()
    for text in (
        f"{{{plain}, 'extra': 1}}",
        f"{{{plain} /* x */}}",
        f'{{{plain}, "extra": 01}}',
        f'{{{plain}, "extra": "\n"}}',
        f"{{{plain}, extra: 1}}",
    ):
        yield "a header that is no JSON object", text.encode()
    yield "white space around the JSON of the header", f" \n\t{{{plain}}}\r\n ".encode()
    yield "names in escapes", f'{{"\\u0061lg": "{alg}"}}'.encode()


def payloads() -> Iterator[tuple[str, bytes]]:
    """Yield odd payloads; all of these tokens carry a good signature."""
    plain = json.dumps(CLAIMS)[1:-1]
    yield "a payload member that stands twice", f'{{{plain}, "sub": "bob"}}'.encode()
    yield "a payload member that stands twice", f'{{"exp": 1, {plain}}}'.encode()
    for depth in (2, 14):
        yield "nested payload members", f'{{{plain}, "extra": {"[" * depth}{"]" * depth}}}'.encode()
        yield (
            "nested payload members",
            f'{{{plain}, "extra": {"{" + chr(34) + "a" + chr(34) + ":" + "[" * depth + "]" * depth + "}"}}}'.encode(),
        )
    for depth in (16, 17, 100, 500):
        yield "payload members nested more than 16 deep", f'{{{plain}, "extra": {"[" * depth}{"]" * depth}}}'.encode()
    for depth in (2000, 5500):
        yield "a payload nested as deep as it fits", f'{{{plain}, "extra": {"[" * depth}{"]" * depth}}}'.encode()
    yield "brackets in a text", json.dumps({**CLAIMS, "extra": "[" * 100}).encode()
    for number in ("1e308", "-0", "1E5", "0.1e-7", "9" * 300, "-" + "9" * 30, "1." + "9" * 400, "1e-400"):
        yield "numbers in the payload", f'{{{plain}, "extra": {number}}}'.encode()
    for number in ("1e309", "-1e309", "1e99999"):
        yield "a number beyond the range in the payload", f'{{{plain}, "extra": {number}}}'.encode()
    for number in ("9" * 4301, "-" + "9" * 5000):
        yield "a whole number of thousands of digits", f'{{{plain}, "extra": {number}}}'.encode()
    for number in ("NaN", "Infinity", "-Infinity"):
        yield "NaN in the payload", f'{{{plain}, "extra": {number}}}'.encode()
    for text in ('"\\ud800"', '"\\udc00\\ud800"', '"a\\udfff"'):
        yield "half a character in the payload", f'{{{plain}, "extra": {text}}}'.encode()
    yield "half a character in a name of the payload", f'{{{plain}, "\\ud800": 1}}'.encode()
    yield "a byte order mark before the payload", b"\xef\xbb\xbf" + json.dumps(CLAIMS).encode()
    yield "a payload in another encoding", json.dumps(CLAIMS).encode("utf-16")
    yield "a payload in another encoding", json.dumps(CLAIMS).encode("utf-16-le")
    yield "a payload in another encoding", json.dumps(CLAIMS).encode("utf-32-be")
    for odd in (b"\xff", b"\xed\xa0\x80", b"\xc0\xaf", b"\xf5\x80\x80\x80"):
        yield "a payload that is not UTF-8", f'{{{plain}, "extra": "'.encode() + odd + b'"}'
    for text in (
        "[]",
        "null",
        "5",
        '"x"',
        "",
        " ",
        "{",
        f"[{{{plain}}}]",
        f"{{{plain},}}",
        f"{{{plain}}} x",
        f"{{{plain}}}{{}}",
        f"{{{plain}}}\0",
    ):
        yield "a payload that is no JSON object", text.encode()
    for text in (
        f"{{{plain}, 'extra': 1}}",
        f"{{{plain} // x\n}}",
        f'{{{plain}, "extra": 01}}',
        f'{{{plain}, "extra": "\n"}}',
        f"{{{plain}, extra: 1}}",
    ):
        yield "a payload that is no JSON object", text.encode()
    yield "white space around the JSON of the payload", f" \n\t{{{plain}}}\r\n ".encode()
    yield "a payload of more than the largest token", json.dumps({**CLAIMS, "extra": "x" * 13000}).encode()


LATER, EARLIER = 4_000_000_000, 1_000_000_000
GOOD_CLAIMS = {"iss": "https://issuer.example", "aud": "https://api.example", "exp": LATER, "sub": "alice"}


def claim_sets() -> Iterator[tuple[str, dict[str, object]]]:
    """Yield claims of well-signed tokens, for a check of issuer, audience and times."""
    yield "claims: good ones", GOOD_CLAIMS
    for name in ("exp", "nbf", "iat"):
        right, wrong = (LATER, EARLIER) if name == "exp" else (EARLIER, LATER)
        yield f"claims: {name} as it should be", GOOD_CLAIMS | {name: right}
        yield f"claims: {name} as it should be", GOOD_CLAIMS | {name: right + 0.5}
        yield f"claims: {name} on the wrong side", GOOD_CLAIMS | {name: wrong}
        yield f"claims: {name} on the wrong side", GOOD_CLAIMS | {name: wrong + 0.5}
        for text in (str(right), f"{right}.0", "", "x", f" {right} "):
            yield f"claims: {name} as text", GOOD_CLAIMS | {name: text}
        for flag in (True, False):
            yield f"claims: {name} as true or false", GOOD_CLAIMS | {name: flag}
        yield f"claims: {name} as null", GOOD_CLAIMS | {name: None}
        for value in ([right], [], {"a": right}):
            yield f"claims: {name} as a list or an object", GOOD_CLAIMS | {name: value}
        for value in (right * 1000, 10**30, 1e300):
            yield f"claims: {name} far beyond the year 9999", GOOD_CLAIMS | {name: value}
        for value in (-1, -LATER, -1e300):
            yield f"claims: {name} before 1970", GOOD_CLAIMS | {name: value}
    for value in (
        "https://other.example",
        "",
        "https://api.example/",
        "HTTPS://API.EXAMPLE",
        " https://api.example",
        "https://api",
        "*",
    ):
        yield "claims: another audience", GOOD_CLAIMS | {"aud": value}
        yield "claims: another audience", GOOD_CLAIMS | {"aud": [value]}
    yield "claims: one of several audiences", GOOD_CLAIMS | {"aud": ["x", "https://api.example"]}
    for value in (5, True, None, {}, {"https://api.example": 1}):
        yield "claims: aud of another type", GOOD_CLAIMS | {"aud": value}
    for value in (["https://api.example", 5], ["https://api.example", None], [["https://api.example"]]):
        yield "claims: aud with entries that are no texts", GOOD_CLAIMS | {"aud": value}
    yield "claims: an empty list as aud", GOOD_CLAIMS | {"aud": []}
    for value in ("https://issuer.example/", "https://ISSUER.example", "", "https://issuer", "issuer.example", "*"):
        yield "claims: another issuer", GOOD_CLAIMS | {"iss": value}
    for value in (["https://issuer.example"], 5, None, {}, True):
        yield "claims: iss of another type", GOOD_CLAIMS | {"iss": value}
    for value in (5, True, ["alice"], {}, None):
        yield "claims: sub of another type", GOOD_CLAIMS | {"sub": value}
    yield "claims: an empty sub", GOOD_CLAIMS | {"sub": ""}
    for value in (5, True, ["1"], {}, None):
        yield "claims: jti of another type", GOOD_CLAIMS | {"jti": value}
    for name in ("iss", "aud", "exp"):
        yield f"claims: no {name}", {key: value for key, value in GOOD_CLAIMS.items() if key != name}
    yield "claims: none at all", {}
