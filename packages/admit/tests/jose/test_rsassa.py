import math

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa

from admit.jose import BadSignature, InvalidKey, Jwk, base64url, generate_key, rsassa, sign, verify

KEY = generate_key("RS256", kid="k")
NUMBERS = KEY._private.private_numbers()


def number(value):
    return base64url.encode(value.to_bytes((value.bit_length() + 7) // 8 or 1, "big"))


def jwk(**changes):
    parts = {"p": NUMBERS.p, "q": NUMBERS.q, "d": NUMBERS.d, "dp": NUMBERS.dmp1, "dq": NUMBERS.dmq1, "qi": NUMBERS.iqmp}
    return KEY.public_dict() | {name: number(value) for name, value in parts.items()} | changes


def test_a_signature_of_another_length_is_bad():
    head = sign({}, KEY, typ="at+jwt").rpartition(".")[0]

    for length in (0, 255, 257):
        with pytest.raises(BadSignature):
            verify(f"{head}.{base64url.encode(b'x' * length)}", KEY, types={"at+jwt"})


def test_a_signature_plus_the_modulus_is_bad():
    """The same number to RSA, another text to everybody else."""
    signature = KEY.sign(b"text")
    more = int.from_bytes(signature, "big") + NUMBERS.public_numbers.n

    assert KEY.verify(signature, b"text")
    assert not KEY.verify(more.to_bytes(257, "big"), b"text")
    assert not KEY.verify(b"\0" + signature, b"text")


@pytest.mark.parametrize("salt", [0, 20, 31, 33, 64, padding.PSS.MAX_LENGTH])
def test_a_salt_of_pss_has_the_length_of_the_hash(salt):
    """RFC 7518 section 3.5."""
    key = Jwk.from_pkcs8(KEY.to_pkcs8(), alg="PS256", kid=None)
    algorithm = hashes.SHA256()

    odd = KEY._private.sign(b"text", padding.PSS(padding.MGF1(algorithm), salt), algorithm)
    right = KEY._private.sign(b"text", padding.PSS(padding.MGF1(algorithm), 32), algorithm)

    assert key.verify(right, b"text")
    assert not key.verify(odd, b"text")


def test_the_mask_of_pss_is_made_by_the_same_hash():
    key = Jwk.from_pkcs8(KEY.to_pkcs8(), alg="PS256", kid=None)
    odd = KEY._private.sign(b"text", padding.PSS(padding.MGF1(hashes.SHA1()), 32), hashes.SHA256())

    assert not key.verify(odd, b"text")


@pytest.mark.parametrize("e", [0, 1, 2, 4, 65536, 2**64 + 1])
def test_an_exponent_that_protects_nothing_or_costs_much_is_refused(e):
    with pytest.raises(InvalidKey, match="exponent"):
        Jwk.parse(KEY.public_dict() | {"e": number(e)})


@pytest.mark.parametrize("e", [3, 17, 65537, 2**64 - 1])
def test_other_odd_exponents_are_taken(e):
    assert Jwk.parse(KEY.public_dict() | {"e": number(e)}).alg == "RS256"


@pytest.mark.parametrize("factor", [2, 3, 5, 751])
def test_a_modulus_with_a_small_factor_is_refused(factor):
    """NIST SP 800-89 section 5.3.3."""
    with pytest.raises(InvalidKey, match="small factor"):
        Jwk.parse(KEY.public_dict() | {"n": number(NUMBERS.public_numbers.n * factor)})


def test_the_size_of_a_modulus_is_from_2048_to_8192_bits():
    """RFC 7518 section 3.3; and a bound of ours, because the issuer of a key sets the price of each verification."""
    for bits in (2047, 8193):
        with pytest.raises(InvalidKey, match="bits"):
            rsassa.police((1 << (bits - 1)) | 1, 65537)
    with pytest.raises(InvalidKey, match="this one has 2047"):
        rsassa.police(NUMBERS.public_numbers.n >> 1, 65537)
    rsassa.police(NUMBERS.public_numbers.n, 65537)
    rsassa.police(next(n for n in range(2**8191 + 1, 2**8191 + 9999, 2) if not _has_small_factor(n)), 65537)


def _has_small_factor(n):
    return any(n % d == 0 for d in range(3, 752, 2))


MARKS = (11, 13, 17, 19, 37, 53, 61, 71, 73, 79, 97, 103, 107, 109, 127, 151, 157)


def marked(*, but=None, exponent=12345):
    """Return a number of 2,048 bits that is a power of 65537 to all of MARKS; to the one of `but` it is none."""
    every = math.prod(MARKS)
    residues = {prime: pow(65537, exponent, prime) for prime in MARKS}
    if but is not None:
        powers = {pow(65537, power, but) for power in range(but)}
        residues[but] = next(residue for residue in range(1, but) if residue not in powers)
    rest = (
        sum(residue * (every // prime) * pow(every // prime, -1, prime) for prime, residue in residues.items()) % every
    )
    start = (1 << 2047) // (2 * every) * 2 * every + rest
    return next(
        n for n in range(start, start * 2, every) if n % 2 and n.bit_length() == 2048 and not _has_small_factor(n)
    )


@pytest.mark.parametrize("exponent", range(1, 13))
def test_a_modulus_with_the_mark_of_a_broken_generator_is_refused(exponent):
    """CVE-2017-15361: a power of 65537 to the small primes that were used as marks."""
    with pytest.raises(InvalidKey, match="CVE-2017-15361"):
        rsassa.police(marked(exponent=exponent), 65537)


@pytest.mark.parametrize("prime", MARKS)
def test_a_modulus_that_lacks_one_of_the_marks_is_taken(prime):
    rsassa.police(marked(but=prime), 65537)


def test_a_weak_stored_key_is_refused_too():
    weak = rsa.generate_private_key(65537, 1024)
    from admit.jose import asymmetric

    with pytest.raises(InvalidKey, match="RSA needs a key of 2048 bits or more"):
        Jwk.from_pkcs8(asymmetric.to_pkcs8(weak), alg="RS256", kid=None)


def test_a_private_key_is_read_whole():
    key = Jwk.parse(jwk())

    assert key.can_sign
    assert KEY.public().verify(key.sign(b"text"), b"text")


@pytest.mark.parametrize("name", ["p", "q", "d", "dp", "dq", "qi"])
def test_a_private_key_without_a_part_or_with_a_wrong_one_is_refused(name):
    whole = jwk()
    lacking = {key: value for key, value in whole.items() if key != name}
    wrong = whole | {name: number(int.from_bytes(base64url.decode(whole[name]), "big") + 2)}

    with pytest.raises(InvalidKey, match="not a usable RSA key"):
        Jwk.parse(wrong)
    if name == "d":
        assert not Jwk.parse(lacking).can_sign
    else:
        with pytest.raises(InvalidKey, match=f"{name}.*missing"):
            Jwk.parse(lacking)


def test_a_private_key_of_another_modulus_is_refused():
    with pytest.raises(InvalidKey, match="not a usable RSA key"):
        Jwk.parse(jwk(n=generate_key("RS256").public_dict()["n"]))


def test_a_private_key_with_more_primes_is_refused():
    """RFC 7518 section 6.3.2.7."""
    with pytest.raises(InvalidKey, match="two primes"):
        Jwk.parse(jwk(oth=[]))


def test_a_leading_zero_changes_neither_key_nor_thumbprint():
    """RFC 7518 section 6.3.1.1 knows libraries that write one."""
    padded = base64url.encode(b"\0" + base64url.decode(KEY.public_dict()["n"]))

    assert Jwk.parse(KEY.public_dict() | {"n": padded}).thumbprint() == KEY.thumbprint()
