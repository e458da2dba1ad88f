"""Taking the signed token out of an encrypted one, and refusing everything else."""

import json
import secrets
import warnings
from functools import cache

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from joserfc import jwe
from joserfc.jwk import ECKey, OctKey
from jwcrypto import jwe as jwcrypto_jwe
from jwcrypto import jwk as jwcrypto_jwk

from admit.encrypted import ALGORITHMS, ENCRYPTIONS, EncryptionKey, Opener, encrypt, opening, refuse_other_claims
from admit.errors import DecryptionFailed, MalformedToken
from admit.jose import base64url, generate_key, sign

SIGNED = sign({"sub": "alice"}, generate_key("HS256"), typ="at+jwt")
with warnings.catch_warnings(record=True):  # it says that it will go some day; until then others use it
    from authlib.jose import JsonWebEncryption

UNIFORM = "the token cannot be decrypted with the keys that are given here"


def header_of(token):
    return json.loads(base64url.decode(token.split(".")[0]))


def with_header(token, **changes):
    header = {name: value for name, value in (header_of(token) | changes).items() if value is not None}
    return ".".join([base64url.encode(json.dumps(header).encode()), *token.split(".")[1:]])


def with_part(token, number, data):
    parts = token.split(".")
    parts[number] = data if isinstance(data, str) else base64url.encode(data)
    return ".".join(parts)


def refused(keys, token):
    with pytest.raises(DecryptionFailed) as caught:
        Opener(keys).open(token)
    assert caught.value.code == "decryption_failed"
    return str(caught.value)


@pytest.mark.parametrize("enc", ENCRYPTIONS)
@pytest.mark.parametrize("alg", ALGORITHMS)
def test_what_was_encrypted_comes_out(keys, alg, enc):
    key = keys[alg] if alg != "dir" else EncryptionKey.generate("dir", encryptions=[enc])

    opened = Opener(key).open(encrypt(SIGNED, key, enc=enc))

    assert opened.token == SIGNED
    assert (opened.header["alg"], opened.header["enc"], opened.header["cty"]) == (alg, enc, "JWT")


@pytest.mark.parametrize("crv", ["P-256", "P-384", "P-521", "X25519"])
def test_agreement_works_on_each_curve(crv):
    key = EncryptionKey.generate("ECDH-ES", crv=crv)

    assert Opener(key).open(encrypt(SIGNED, EncryptionKey.parse(key.public_dict()))).token == SIGNED


@pytest.mark.parametrize("enc", ENCRYPTIONS)
@pytest.mark.parametrize("alg", ALGORITHMS)
def test_tokens_of_jwcrypto_are_opened(keys, alg, enc):
    key = keys[alg] if alg != "dir" else EncryptionKey.generate("dir", encryptions=[enc])
    members = {name: value for name, value in key.private_dict().items() if name not in ("use", "alg", "kid")}
    header = {"alg": alg, "enc": enc, "cty": "JWT"}

    made = jwcrypto_jwe.JWE(SIGNED.encode(), json.dumps(header), algs=[alg, enc])
    made.add_recipient(jwcrypto_jwk.JWK(**members))

    assert Opener(key).open(made.serialize(compact=True)).token == SIGNED


@pytest.mark.parametrize("enc", ENCRYPTIONS)
@pytest.mark.parametrize("alg", ["A256KW", "ECDH-ES", "ECDH-ES+A256KW", "RSA-OAEP-256"])
def test_tokens_of_authlib_are_opened(keys, alg, enc):
    members = {name: value for name, value in keys[alg].private_dict().items() if name not in ("use", "alg", "kid")}

    made = JsonWebEncryption().serialize_compact({"alg": alg, "enc": enc, "cty": "JWT"}, SIGNED, members)

    assert Opener(keys[alg]).open(made.decode()).token == SIGNED


@pytest.mark.parametrize("alg", ALGORITHMS)
def test_jwcrypto_opens_ours(keys, alg):
    members = {name: value for name, value in keys[alg].private_dict().items() if name not in ("use", "alg", "kid")}
    taken = jwcrypto_jwe.JWE(algs=[alg, *ENCRYPTIONS])

    taken.deserialize(encrypt(SIGNED, keys[alg]), jwcrypto_jwk.JWK(**members))

    assert taken.payload.decode() == SIGNED


def test_the_example_of_rfc_7520_decrypts(vector):
    example = vector("rfc7520-5.5-ecdh-es")
    key = EncryptionKey.parse(example["key"] | {"alg": "ECDH-ES"})

    assert opening._decrypted(example["compact"], key, "A128CBC-HS256").decode() == example["plaintext"]


def test_the_example_of_rfc_7520_is_no_nested_token(vector):
    example = vector("rfc7520-5.5-ecdh-es")

    assert (
        refused(EncryptionKey.parse(example["key"] | {"alg": "ECDH-ES"}), example["compact"]) == "the header has no cty"
    )


@pytest.mark.parametrize(
    "name", ["rfc7520-5.1-rsa1_5", "rfc7520-5.2-rsa-oaep", "rfc7520-5.3-pbes2", "rfc7520-5.9-compressed"]
)
def test_other_examples_of_rfc_7520_are_refused_even_as_nested_tokens(keys, vector, name):
    token = vector(name)["compact"]

    assert refused(list(keys.values()), token)
    for key in keys.values():
        assert refused(key, with_header(token, cty="JWT", kid=key.kid))


def test_a_named_key_is_found_among_several(keys):
    for key in keys.values():
        assert Opener(list(keys.values())).open(encrypt(SIGNED, key)).token == SIGNED


def test_of_two_nameless_keys_none_is_guessed():
    first, second = EncryptionKey.generate("A256KW"), EncryptionKey.generate("A256KW")

    assert "mean 2 of the decryption keys" in refused([first, second], encrypt(SIGNED, first))


def test_a_token_that_names_no_key_means_the_only_one_of_its_algorithm():
    keys = [
        EncryptionKey.generate("A256KW"),
        EncryptionKey.generate("ECDH-ES"),
        EncryptionKey.generate("ECDH-ES+A256KW", kid="n"),
    ]

    for key in keys:
        assert Opener(keys).open(encrypt(SIGNED, key)).token == SIGNED


def test_a_key_of_another_name_is_not_tried(keys):
    key = keys["A256KW"]

    assert "mean 0" in refused(key, encrypt(SIGNED, EncryptionKey.from_secret(secrets.token_bytes(32), kid="another")))


def test_the_header_may_only_agree_with_the_key(keys):
    token = encrypt(SIGNED, keys["ECDH-ES"])

    assert "its key is for ECDH-ES" in refused(keys["ECDH-ES"], with_header(token, alg="ECDH-ES+A256KW"))


def test_an_encryption_that_the_key_is_not_for_is_refused():
    key = EncryptionKey.generate("A256KW", encryptions=["A256GCM"])
    other = EncryptionKey.parse(key.private_dict())

    assert "its key is for A256GCM" in refused(key, encrypt(SIGNED, other, enc="A128CBC-HS256"))


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"zip": "DEF"}, "compressed"),
        ({"crit": ["exp"], "exp": 1}, "crit"),
        ({"cty": None}, "no cty"),
        ({"cty": "jwk+json"}, "cty must be JWT"),
        ({"cty": 7}, "no cty"),
        ({"enc": None}, "no enc"),
        ({"alg": None}, "no alg"),
        ({"alg": "none"}, "mean 0|its key is for"),
        ({"alg": "RSA1_5"}, "its key is for"),
        ({"alg": "PBES2-HS256+A128KW", "p2c": 2**31}, "its key is for"),
        ({"enc": "A128GCM"}, "its key is for"),
        ({"kid": 7}, "kid must be text"),
        ({"typ": ["JWT"]}, "typ must be text"),
        ({"jwk": {"kty": "oct", "k": "AA"}}, "nested object"),
        ({"epk": {"kty": "EC"}}, "ephemeral key is not for"),
    ],
)
def test_a_header_that_breaks_a_rule_is_refused_before_any_key_is_used(keys, monkeypatch, changes, message):
    token = with_header(encrypt(SIGNED, keys["A256KW"]), **changes)
    monkeypatch.setattr(opening, "_decrypted", lambda *_: pytest.fail("a key was used"))

    with pytest.raises(DecryptionFailed, match=message):
        Opener(keys["A256KW"]).open(token)


def test_a_member_that_stands_twice_is_refused(keys):
    token = encrypt(SIGNED, keys["A256KW"])
    text = base64url.decode(token.split(".")[0]).decode().replace("{", '{"zip":"DEF","zip":"DEF",', 1)

    assert "stands twice" in refused(keys["A256KW"], with_part(token, 0, text.encode()))


@pytest.mark.parametrize(
    "change",
    [
        lambda epk: None,
        lambda epk: epk | {"d": "AA"},
        lambda epk: epk | {"crv": "P-384"},
        lambda epk: epk | {"kty": "OKP"},
        lambda epk: {"kty": "OKP", "crv": "X25519", "x": epk["x"]},
        lambda epk: epk | {"x": epk["x"] + "AAAA"},
        lambda epk: epk | {"x": 7},
        lambda epk: [epk],
    ],
)
def test_an_ephemeral_key_of_another_shape_or_curve_is_refused_before_it_is_used(keys, monkeypatch, change):
    token = encrypt(SIGNED, keys["ECDH-ES"])
    monkeypatch.setattr(opening, "_decrypted", lambda *_: pytest.fail("a key was used"))

    with pytest.raises(DecryptionFailed):
        Opener(keys["ECDH-ES"]).open(with_header(token, epk=change(header_of(token)["epk"])))


@pytest.mark.parametrize("crv", ["P-256", "P-384", "P-521", "X25519"])
def test_a_coordinate_may_have_no_octet_too_many(monkeypatch, crv):
    key = EncryptionKey.generate("ECDH-ES", crv=crv)
    token = encrypt(SIGNED, key)
    epk = header_of(token)["epk"]
    monkeypatch.setattr(opening, "_decrypted", lambda *_: pytest.fail("a key was used"))

    for name in {"x", "y"} & epk.keys():
        longer = base64url.encode(b"\0" + base64url.decode(epk[name]))
        with pytest.raises(DecryptionFailed, match="coordinate"):
            Opener(key).open(with_header(token, epk=epk | {name: longer}))


def test_an_ephemeral_key_off_the_curve_is_refused(keys):
    token = encrypt(SIGNED, keys["ECDH-ES"])
    epk = header_of(token)["epk"]

    assert refused(keys["ECDH-ES"], with_header(token, epk=epk | {"y": epk["x"]})) == UNIFORM


@pytest.mark.parametrize("name", ["apu", "apv"])
@pytest.mark.parametrize("value", [7, "a+b", "x" * 516])
def test_party_information_is_short_base64url(keys, name, value):
    token = encrypt(SIGNED, keys["ECDH-ES"])

    assert refused(keys["ECDH-ES"], with_header(token, **{name: value}))


@pytest.mark.parametrize("alg", ALGORITHMS)
def test_whatever_was_changed_the_refusal_is_the_same(keys, alg):
    """RFC 7516 section 11.5, RFC 8725 section 3.2: no format, padding or length error of the key shows."""
    token = encrypt(SIGNED, keys[alg])
    parts = [base64url.decode(part) for part in token.split(".")]
    said = set()
    for number in range(1, 5):
        for place in {0, len(parts[number]) // 2, len(parts[number]) - 1} if parts[number] else ():
            turned = bytearray(parts[number])
            turned[place] ^= 0x40
            said.add(refused(keys[alg], with_part(token, number, bytes(turned))))
    said.add(refused(keys[alg], with_header(token, typ="JWT")))  # the header is authenticated too
    assert said == {UNIFORM}


def test_a_content_key_that_cannot_be_had_is_replaced_so_that_the_tag_fails(keys, monkeypatch):
    """Where the wrapped key is broken, the content is decrypted all the same, in vain: how long it takes tells nothing."""
    tried = []
    model = jwe.JWERegistry.algorithms["enc"]["A128CBC-HS256"]
    decrypt = type(model).decrypt
    monkeypatch.setattr(type(model), "decrypt", lambda self, *a: tried.append(a[2]) or decrypt(self, *a))
    token = encrypt(SIGNED, keys["RSA-OAEP-256"], enc="A128CBC-HS256")

    assert refused(keys["RSA-OAEP-256"], with_part(token, 1, secrets.token_bytes(256))) == UNIFORM
    assert [len(cek) for cek in tried] == [32]


@pytest.mark.parametrize(
    ("number", "size"), [(1, 0), (1, 41), (2, 0), (2, 11), (2, 16), (3, 0), (4, 0), (4, 12), (4, 17)]
)
def test_parts_of_another_size_are_refused_before_any_key_is_used(keys, monkeypatch, number, size):
    token = encrypt(SIGNED, keys["A256KW"], enc="A256GCM")
    monkeypatch.setattr(opening, "_decrypted", lambda *_: pytest.fail("a key was used"))

    with pytest.raises(DecryptionFailed, match="wrong size"):
        Opener(keys["A256KW"]).open(with_part(token, number, bytes(size)))


def test_party_information_may_be_as_long_as_the_rule_says(keys):
    token = jwe.encrypt_compact(
        {"alg": "ECDH-ES", "enc": "A256GCM", "cty": "JWT", "kid": keys["ECDH-ES"].kid, "apu": "x" * 512, "apv": "QQ"},
        SIGNED,
        keys["ECDH-ES"].material,
        registry=jwe.JWERegistry(algorithms=["ECDH-ES", "A256GCM"]),
    )

    assert Opener(keys["ECDH-ES"]).open(token).token == SIGNED


def test_a_dir_token_has_no_encrypted_key(keys):
    assert "wrong size" in refused(keys["dir"], with_part(encrypt(SIGNED, keys["dir"]), 1, bytes(40)))


@pytest.mark.parametrize("token", ["", "a.b.c", SIGNED, "....", ".....", "é....", "e30....", "W10....", "e30=.a.a.a.a"])
def test_what_is_no_encrypted_token_is_refused(keys, token):
    assert refused(keys["A256KW"], token)


def test_a_token_that_is_too_long_is_refused_before_it_is_read(keys):
    assert "characters" in refused(keys["A256KW"], "a" * 28_673)
    long = base64url.encode(json.dumps({"alg": "dir", "filler": "x" * 4000}).encode())
    assert "4096 characters" in refused(keys["A256KW"], f"{long}.a.a.a.a")


def test_the_longest_signed_token_still_fits(keys):
    longest = SIGNED.split(".")[0] + "." + "x" * (16_384 - len(SIGNED.split(".")[0]) - 2 - 43) + "." + "y" * 43
    for key in keys.values():
        assert Opener(key).open(encrypt(longest, key)).token == longest


@cache
def sealed(content, key):
    """Whatever content, by another library: `encrypt` would not take it."""
    header = {"alg": key.alg, "enc": "A256GCM", "cty": "JWT", "kid": key.kid}
    registry = jwe.JWERegistry(algorithms=[key.alg, "A256GCM"])
    return jwe.encrypt_compact(header, content, key.material, registry=registry)


@pytest.mark.parametrize(
    "content", [b"{}", b'{"sub":"alice"}', b"a.b", b"a.b.c.d", "é.b.c".encode(), b"a.b.c" + b"c" * 16_384]
)
def test_what_is_within_has_to_be_signed(keys, content):
    assert refused(keys["A256KW"], sealed(content, keys["A256KW"])) == "what is encrypted is no signed token"


def test_only_one_level_is_opened(keys):
    twice = sealed(encrypt(SIGNED, keys["A256KW"]).encode(), keys["A256KW"])

    assert refused(keys["A256KW"], twice) == "what is encrypted is no signed token"


@settings(max_examples=150)
@given(st.data())
def test_no_change_of_a_token_is_taken_and_none_raises_anything_else(data):
    key = EncryptionKey.from_secret(bytes(range(32)), kid="k")
    token = encrypt(SIGNED, key, enc=data.draw(st.sampled_from(ENCRYPTIONS)))
    place = data.draw(st.integers(0, len(token) - 1))
    char = data.draw(st.sampled_from("ABab01-_.=é \n"))
    changed = token[:place] + char + token[place + 1 :]
    if changed != token:
        assert refused(key, changed)


@pytest.mark.parametrize("wrong", [None, [], "key", [OctKey.generate_key(256)], {"kty": "oct"}])
def test_decryption_keys_have_to_be_keys(wrong):
    with pytest.raises(ValueError, match="one or several EncryptionKey"):
        Opener(wrong)


def test_a_public_key_opens_nothing(keys):
    with pytest.raises(ValueError, match="public"):
        Opener(EncryptionKey.parse(keys["ECDH-ES"].public_dict()))


def test_two_keys_of_one_name_are_refused():
    with pytest.raises(ValueError, match="same kid"):
        Opener([EncryptionKey.generate("A256KW", kid="k"), EncryptionKey.generate("ECDH-ES", kid="k")])


def test_claims_shown_in_the_header_have_to_be_those_of_the_token():
    claims = {"iss": "https://a.example", "sub": "alice", "aud": ["x", "y"]}

    refuse_other_claims({"alg": "dir"}, claims)
    refuse_other_claims({"iss": "https://a.example", "sub": "alice", "aud": ["x", "y"]}, claims)
    for header in ({"iss": "https://b.example"}, {"sub": "bob"}, {"aud": "x"}, {"sub": None}):
        with pytest.raises(MalformedToken, match="is not that of the token"):
            refuse_other_claims(header, claims)
    with pytest.raises(MalformedToken):
        refuse_other_claims({"sub": "alice"}, {})


def test_a_key_of_another_curve_agrees_on_nothing(keys):
    other = ECKey.generate_key("P-384").as_dict(private=True) | {"alg": "ECDH-ES", "kid": keys["ECDH-ES"].kid}

    assert "another type or curve" in refused(keys["ECDH-ES"], encrypt(SIGNED, EncryptionKey.parse(other)))
