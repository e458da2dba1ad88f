import hashlib

import pytest
from edwards import CURVES, ED25519

from admit.jose import (
    AlgorithmNotAllowed,
    InvalidKey,
    Jwk,
    Jwks,
    accelerators,
    base64url,
    eddsa,
    generate_key,
    sign,
    verify,
)

KEYS = {name: generate_key(name) for name in CURVES}
SCALAR = 0x1234567 << 200 | 0x89


def private_jwk(curve):
    return KEYS[curve].public_dict() | {"d": base64url.encode(KEYS[curve]._private.private_bytes_raw())}


@pytest.mark.parametrize("curve", CURVES)
def test_the_arithmetic_of_these_tests_is_that_of_the_curve(curve):
    """Otherwise the points made with it would prove nothing."""
    numbers = CURVES[curve]

    assert numbers.on_curve(numbers.base)
    assert numbers.times(numbers.order, numbers.base) == (0, 1)
    assert numbers.encode(numbers.lift(numbers.base[1]))[:-1] == numbers.encode(numbers.base)[:-1]


@pytest.mark.parametrize(("curve", "count"), [("Ed25519", 8), ("Ed448", 4)])
def test_every_point_of_small_order_is_refused(curve, count):
    """All of them, found by arithmetic, with either sign: with such a key anybody can sign."""
    numbers, points = CURVES[curve], CURVES[curve].small(count)

    assert len(points) == count
    assert all(numbers.times(count, point) == (0, 1) and numbers.on_curve(point) for point in points)
    for point in points:
        for sign_bit in (0, 0x80):
            encoded = bytearray(numbers.encode(point))
            encoded[-1] ^= sign_bit
            with pytest.raises(InvalidKey, match="small order"):
                Jwk.parse({"kty": "OKP", "crv": curve, "x": base64url.encode(bytes(encoded))})


def test_with_a_key_of_small_order_one_signature_is_good_for_every_text():
    """Why they are refused: OpenSSL alone takes this pair of a key and a signature that nobody made."""
    neutral = (1).to_bytes(32, "little")
    public = eddsa._PUBLIC["Ed25519"].from_public_bytes(neutral)
    signature = ED25519.encode(ED25519.times(SCALAR, ED25519.base)) + (SCALAR % ED25519.order).to_bytes(32, "little")

    for text in (b"", b"pay 1", b"pay 1000000"):
        public.verify(signature, text)


@pytest.mark.parametrize("curve", CURVES)
@pytest.mark.parametrize("excess", [0, 1, 5])
def test_a_second_spelling_of_a_point_is_refused(curve, excess):
    """RFC 8032 sections 5.1.3 and 5.2.3: y is below the prime."""
    numbers = CURVES[curve]
    encoded = (numbers.p + excess).to_bytes(numbers.octets, "little")

    with pytest.raises(InvalidKey, match="one form"):
        eddsa.police(encoded, curve)


@pytest.mark.parametrize("curve", CURVES)
@pytest.mark.parametrize("change", [-1, 1])
def test_a_key_of_another_length_is_refused(curve, change):
    octets = CURVES[curve].octets + change

    with pytest.raises(InvalidKey, match="octets"):
        Jwk.parse({"kty": "OKP", "crv": curve, "x": base64url.encode(b"\x07" * octets)})


@pytest.mark.parametrize("curve", CURVES)
def test_a_private_key_is_read_and_has_to_fit(curve):
    jwk, other = private_jwk(curve), generate_key(curve)._private.private_bytes_raw()

    assert KEYS[curve].public().verify(Jwk.parse(jwk).sign(b"text"), b"text")
    with pytest.raises(InvalidKey, match="does not belong"):
        Jwk.parse(jwk | {"d": base64url.encode(other)})
    with pytest.raises(InvalidKey, match="not a usable OKP key"):
        Jwk.parse(jwk | {"d": base64url.encode(other[:-1])})


@pytest.mark.parametrize("crv", ["X25519", "X448", None, 5, ["Ed25519"], "ed25519", "P-256"])
def test_other_curves_do_not_sign(crv):
    with pytest.raises(InvalidKey, match="one of Ed25519, Ed448"):
        Jwk.parse(KEYS["Ed25519"].public_dict() | {"crv": crv})


def test_the_old_name_is_read_in_headers_and_keys_and_never_written():
    """RFC 9864: "EdDSA" does not say which curve. Everything written here says it."""
    key = KEYS["Ed25519"]
    old = Jwk.parse(key.public_dict() | {"alg": "EdDSA"})
    head = base64url.encode(b'{"alg":"EdDSA","typ":"at+jwt"}') + "." + base64url.encode(b"{}")
    token = f"{head}.{base64url.encode(key.sign(head.encode()))}"

    for keys in (key, old, Jwks([key]), Jwks([old])):
        assert verify(token, keys, algorithms={"Ed25519"}, types={"at+jwt"}).header.alg == "Ed25519"
    assert old.alg == old.public_dict()["alg"] == "Ed25519"
    assert generate_key("EdDSA").alg == "Ed25519"
    assert Jwk.from_pkcs8(key.to_pkcs8(), alg="EdDSA", kid=None).alg == "Ed25519"
    assert '"alg":"Ed25519"' in base64url.decode(sign({}, key, typ=None).partition(".")[0]).decode()


def test_the_old_name_does_not_stand_for_ed448():
    """Nearly everybody meant Ed25519 by it; one name, one algorithm."""
    key = KEYS["Ed448"]
    head = base64url.encode(b'{"alg":"EdDSA","typ":"at+jwt"}') + "." + base64url.encode(b"{}")

    with pytest.raises(AlgorithmNotAllowed, match="its key is for 'Ed448'"):
        verify(f"{head}.{base64url.encode(key.sign(head.encode()))}", key, types={"at+jwt"})
    with pytest.raises(InvalidKey, match="cannot be used for Ed25519"):
        Jwk.parse(key.public_dict() | {"alg": "EdDSA"})


def _challenge(r, a, text):
    return int.from_bytes(hashlib.sha512(r + a + text).digest(), "little")


def odd_signatures():
    """Signatures of Ed25519 at the edges, where implementations differ, each as (name, key, signature, text)."""
    e, text = ED25519, b"text"
    base, order = e.base, e.order
    small = sorted(e.small(8) - {(0, 1)})
    a = 0x5555555 << 180 | 0x1357
    plain = e.times(a, base)
    key = e.encode(plain)
    r_point = e.times(SCALAR, base)

    def made(name, public, r, s):
        return name, public, r + s.to_bytes(32, "little"), text

    good_r = e.encode(r_point)
    s = (SCALAR + _challenge(good_r, key, text) * a) % order
    yield made("a good one", key, good_r, s)
    for times in (1, 2, 7):
        if s + times * order < 2**256:
            yield made(f"S plus {times} times the order", key, good_r, s + times * order)
    yield made("S of zero, R the matching point", key, e.encode(e.times(-_challenge(key, key, text) % order, plain)), 0)
    for number, point in enumerate(small):
        low = e.encode(point)
        yield made(f"R of small order {number}", key, low, _challenge(low, key, text) * a % order)
        mixed_r = e.encode(e.add(r_point, point))
        yield made(
            f"R mixed with small order {number}", key, mixed_r, (SCALAR + _challenge(mixed_r, key, text) * a) % order
        )
        mixed_key = e.encode(e.add(plain, point))
        for turn in range(8):  # whether the small part cancels depends on the challenge: other texts give other ones
            other = b"text %d" % turn
            t = (SCALAR + _challenge(good_r, mixed_key, other) * a) % order
            yield f"A mixed with small order {number}, text {turn}", mixed_key, good_r + t.to_bytes(32, "little"), other
            both = e.encode(e.add(r_point, small[turn % len(small)]))
            t = (SCALAR + _challenge(both, mixed_key, other) * a) % order
            yield f"A and R mixed {number}, {turn}", mixed_key, both + t.to_bytes(32, "little"), other
    neutral = (e.p + 1).to_bytes(32, "little")  # the neutral point, spelt with y = p + 1
    yield made("R in a second spelling", key, neutral, _challenge(neutral, key, text) * a % order)
    yield made("R of zeros and S of zeros", key, bytes(32), 0)
    for y in range(e.p, 2**255):
        spelt = y.to_bytes(32, "little")
        yield made(f"A in a second spelling, y = p + {y - e.p}", spelt, good_r, SCALAR)
        yield made(f"the same with R of that spelling, y = p + {y - e.p}", spelt, spelt, 0)


ODD = list(odd_signatures())


def verdict(key, signature, text):
    try:
        public = Jwk.parse({"kty": "OKP", "crv": "Ed25519", "x": base64url.encode(key)})
    except InvalidKey:
        return "key refused"
    return public.verify(signature, text)


def test_what_is_accepted_at_the_edges_does_not_depend_on_what_is_installed(monkeypatch):
    with_libsodium = {name: verdict(*case) for name, *case in ODD}
    monkeypatch.setattr(accelerators, "ed25519_checker", lambda public: None)
    without = {name: verdict(*case) for name, *case in ODD}

    assert with_libsodium == without
    assert with_libsodium["a good one"] is True
    assert with_libsodium["S plus 1 times the order"] is False
    assert set(with_libsodium.values()) == {True, False, "key refused"}


def test_libsodium_says_yes_to_nothing_that_openssl_refuses_and_no_to_some_of_the_rest():
    """The first makes its yes enough, the second makes it necessary to ask again: both are seen here."""
    quick_no = []
    for name, key, signature, text in ODD:
        public = eddsa._PUBLIC["Ed25519"].from_public_bytes(key)
        check = accelerators.ed25519_checker(key)
        quick, slow = check is not None and check(signature, text), True
        try:
            public.verify(signature, text)
        except Exception:
            slow = False
        assert slow or not quick, name
        if slow and not quick:
            quick_no.append(name)
    assert quick_no  # where libsodium is not installed, it says yes to nothing at all


def test_only_ed25519_is_ever_asked_of_libsodium(monkeypatch):
    """An Ed448 key may begin with the octets of an Ed25519 key; a signature of that one is none of this one."""
    inner = KEYS["Ed25519"]
    octets = inner._public.public_bytes_raw() + b"\7" * 24 + b"\0"
    longer = Jwk.parse({"kty": "OKP", "crv": "Ed448", "x": base64url.encode(octets)})

    assert inner.verify(inner.sign(b"text"), b"text")
    assert not longer.verify(inner.sign(b"text"), b"text")

    monkeypatch.setattr(accelerators, "ed25519_checker", lambda public: lambda signature, data: signature == b"yes")
    told = {name: Jwk.parse(KEYS[name].public_dict()) for name in KEYS}
    assert {name: key.verify(b"yes", b"text") for name, key in told.items()} == {"Ed25519": True, "Ed448": False}
