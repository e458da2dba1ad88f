import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature, encode_dss_signature
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from admit.jose import BadSignature, InvalidKey, Jwk, base64url, ecdsa, generate_key, parse, sign, verify

AT = {"at+jwt"}
CURVES = {"ES256": ("P-256", 32), "ES384": ("P-384", 48), "ES512": ("P-521", 66), "ES256K": ("secp256k1", 32)}
KEYS = {alg: generate_key(alg) for alg in CURVES}


def private_jwk(alg):
    key, size = KEYS[alg], CURVES[alg][1]
    d = key._private.private_numbers().private_value
    return key.public_dict() | {"d": base64url.encode(d.to_bytes(size, "big"))}


def test_es256_signatures_are_64_raw_octets():
    """RFC 7518 section 3.4; X.509 would use DER."""
    key = generate_key("ES256")

    for _ in range(20):
        assert len(parse(sign({}, key, typ=None)).signature) == 64


@pytest.mark.parametrize("length", [0, 63, 65, 70])
def test_an_es256_signature_of_another_length_is_bad(length):
    key = generate_key("ES256")
    head = sign({}, key, typ="at+jwt").rpartition(".")[0]

    with pytest.raises(BadSignature):
        verify(f"{head}.{base64url.encode(b'x' * length)}", key, types=AT)


def test_a_der_signature_is_not_taken_for_es256():
    private = ec.generate_private_key(ec.SECP256R1())
    key = Jwk.from_pkcs8(
        private.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption()), alg="ES256", kid=None
    )
    head = sign({}, key, typ="at+jwt").rpartition(".")[0]
    der = private.sign(head.encode(), ec.ECDSA(hashes.SHA256()))

    with pytest.raises(BadSignature):
        verify(f"{head}.{base64url.encode(der)}", key, types=AT)


def test_zero_is_no_ecdsa_signature():
    """CVE-2022-21449: r = s = 0 must not verify anything."""
    key = generate_key("ES256")
    head = sign({}, key, typ="at+jwt").rpartition(".")[0]

    with pytest.raises(BadSignature):
        verify(f"{head}.{base64url.encode(bytes(64))}", key, types=AT)


@pytest.mark.parametrize("alg", CURVES)
def test_r_and_s_reach_from_one_to_the_order_less_one(alg):
    """CVE-2022-21449 was a verifier without this: zero signed everything."""
    size, order = CURVES[alg][1], ecdsa._CURVES[CURVES[alg][0]].order
    good = KEYS[alg].sign(b"text")
    r, s = int.from_bytes(good[:size], "big"), int.from_bytes(good[size:], "big")

    assert KEYS[alg].verify(good, b"text")
    for odd_r, odd_s in (
        (0, s),
        (r, 0),
        (0, 0),
        (order, s),
        (r, order),
        (r + order, s),
        (r, s + order),
        (order - 1, s),
    ):
        if max(odd_r, odd_s) < 256**size:
            assert not KEYS[alg].verify(odd_r.to_bytes(size, "big") + odd_s.to_bytes(size, "big"), b"text")


@pytest.mark.parametrize("alg", CURVES)
def test_the_order_of_the_table_is_that_of_the_curve(alg):
    """The point of n - 1 is the base point mirrored, and n itself is no private number."""
    row = ecdsa._CURVES[CURVES[alg][0]]
    last, first = (ec.derive_private_key(d, row.curve).public_key().public_numbers() for d in (row.order - 1, 1))

    assert last.x == first.x
    assert last.y != first.y
    with pytest.raises(ValueError):
        ec.derive_private_key(row.order, row.curve)


@pytest.mark.parametrize("size", [32, 48, 66])
@pytest.mark.parametrize("r", [1, 127, 128, 255, 256, 2**255, 2**248 - 1, 2**247, 127 << 248])
@pytest.mark.parametrize("s", [1, 128, 2**256 - 1, 2**128, 127 << 248])
def test_r_and_s_travel_to_der_and_back(size, r, s):
    """Against the encoder of `cryptography`, at the lengths where DER adds or drops an octet."""
    shift = 8 * (size - 32) - (7 if size == 66 else 0)
    for left, right in ((r, s), (r << shift, s), (r << shift, s << shift)):
        raw = left.to_bytes(size, "big") + right.to_bytes(size, "big")
        der = encode_dss_signature(left, right)

        assert ecdsa._der(raw[:size], raw[size:]) == der
        assert decode_dss_signature(der) == (left, right)
        assert ecdsa._raw(der, size) == raw


@pytest.mark.parametrize("alg", CURVES)
def test_a_private_key_is_read_whole_and_fits(alg):
    jwk = private_jwk(alg)

    assert KEYS[alg].public().verify(Jwk.parse(jwk).sign(b"text"), b"text")


@pytest.mark.parametrize("alg", CURVES)
def test_a_private_number_of_another_point_or_out_of_range_is_refused(alg):
    size, order = CURVES[alg][1], ecdsa._CURVES[CURVES[alg][0]].order
    other = ec.generate_private_key(ecdsa._CURVES[CURVES[alg][0]].curve).private_numbers().private_value

    for d, reason in ((other, "does not belong"), (0, "out of range"), (order, "out of range")):
        with pytest.raises(InvalidKey, match=reason):
            Jwk.parse(private_jwk(alg) | {"d": base64url.encode(d.to_bytes(size, "big"))})


def test_the_smallest_private_number_is_one():
    """Its point is the base point itself. Nobody should have it, but it is a key."""
    row = ecdsa._CURVES["P-256"]
    base = ec.derive_private_key(1, row.curve).public_key()

    jwk = ecdsa.members(base) | {"d": base64url.encode((1).to_bytes(32, "big"))}

    assert Jwk.parse(jwk).can_sign


def test_coordinates_and_private_number_have_the_size_of_the_curve():
    """RFC 7518 sections 6.2.1.2 and 6.2.2.1."""
    jwk = private_jwk("ES512")

    for name in ("x", "y", "d"):
        for changed in (b"\0" + base64url.decode(jwk[name]), base64url.decode(jwk[name])[1:]):
            with pytest.raises(InvalidKey, match=f"{name} of a key on P-521 has 66 octets"):
                Jwk.parse(jwk | {name: base64url.encode(changed)})


class Careless:
    """A key whose check says yes to everything, as some have."""

    curve = ec.SECP256R1()

    def verify(self, signature, data, scheme):
        pass


@pytest.mark.parametrize(
    ("r", "s", "asked"), [(0, 1, False), (1, 0, False), (1, 1, True), (-1, 1, True), (0, 0, False)]
)
def test_the_range_is_checked_here_whatever_the_check_below_does(r, s, asked):
    """Below, OpenSSL looks too; the one in CVE-2022-21449 did not. Numbers from the end count from the order."""
    order = ecdsa._CURVES["P-256"].order
    check = ecdsa.checker(Careless())

    assert check((r % order).to_bytes(32, "big") + s.to_bytes(32, "big"), b"") is asked
    assert check(order.to_bytes(32, "big") + (1).to_bytes(32, "big"), b"") is False
    assert check((1).to_bytes(32, "big") + order.to_bytes(32, "big"), b"") is False
    assert check((1).to_bytes(32, "big") + (order - 1).to_bytes(32, "big"), b"") is True
