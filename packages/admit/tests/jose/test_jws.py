import json

import pytest

from admit.jose import (
    AlgorithmNotAllowed,
    BadSignature,
    InvalidKey,
    Jwk,
    Jwks,
    Malformed,
    UnknownCritical,
    WrongType,
    base64url,
    generate_key,
    parse,
    sign,
    verify,
)
from admit.jose.jws import MAX_TOKEN_CHARS

SECRET = Jwk.from_secret(b"k" * 32)
AT = {"at+jwt"}


def forge(header, payload=b'{"sub":"x"}', key=SECRET):
    """Sign any header text at all, as a careless or hostile issuer would."""
    head = header if isinstance(header, bytes) else json.dumps(header).encode()
    text = f"{base64url.encode(head)}.{base64url.encode(payload)}"
    return f"{text}.{base64url.encode(key.sign(text.encode()))}"


def test_what_is_signed_verifies_and_says_the_same():
    signed = verify(sign({"sub": "é", "n": [1, {"a": None}]}, SECRET, typ="at+jwt"), SECRET, types=AT)

    assert signed.claims == {"sub": "é", "n": [1, {"a": None}]}
    assert signed.header.typ == "at+jwt"


def test_every_changed_character_breaks_the_token():
    token = sign({"sub": "alice"}, SECRET, typ="at+jwt")

    for place, char in enumerate(token):
        changed = token[:place] + ("A" if char != "A" else "B") + token[place + 1 :]
        with pytest.raises((BadSignature, Malformed, AlgorithmNotAllowed, WrongType)):
            verify(changed, SECRET, types=AT)


@pytest.mark.parametrize("alg", ["none", "None", "nOnE", "", "HS1", "es256", "RS256 ", "eddsa", "RSA1_5", "dir"])
def test_an_algorithm_without_a_row_does_not_exist(alg):
    with pytest.raises(AlgorithmNotAllowed):
        parse(forge({"alg": alg}))


def test_the_key_decides_the_algorithm_and_the_header_may_only_agree():
    """RFC 8725 section 3.1: a public RSA key must never serve as an HMAC secret."""
    rsa = generate_key("RS256", kid="r")
    published = json.dumps(rsa.public_dict()).encode()
    forged = forge({"alg": "HS256", "kid": "r", "typ": "at+jwt"}, key=Jwk.from_secret(published))

    with pytest.raises(AlgorithmNotAllowed, match="its key is for 'RS256'"):
        verify(forged, Jwks([rsa.public()]), types=AT)


def test_the_caller_can_allow_fewer_algorithms_than_the_keys():
    key = generate_key("ES256")

    with pytest.raises(AlgorithmNotAllowed):
        verify(sign({}, key, typ="at+jwt"), key, algorithms={"RS256"}, types=AT)


@pytest.mark.parametrize("name", ["jku", "x5u", "x5c"])
def test_addresses_of_keys_in_a_header_are_never_looked_at(name):
    """The token is judged by the caller's key, as if the member were not there (RFC 8725 section 3.10)."""
    token = forge({"alg": "HS256", "typ": "at+jwt", name: "https://evil.example"})

    assert verify(token, SECRET, types=AT).claims == {"sub": "x"}


def test_a_key_in_the_header_is_refused():
    key = generate_key("ES256")
    forged = forge({"alg": "ES256", "typ": "at+jwt", "jwk": key.public_dict()}, key=key)

    with pytest.raises(Malformed, match="nested"):
        verify(forged, generate_key("ES256"), types=AT)


@pytest.mark.parametrize(
    ("header", "reason"),
    [
        (b'{"alg":"HS256","alg":"none"}', "twice"),
        (b'{"alg":"HS256","typ":"at+jwt","kid":"a","kid":"b"}', "twice"),
        (b'{"typ":"at+jwt"}', "no alg"),
        (b'{"alg":5}', "no alg"),
        (b'{"alg":["HS256"]}', "no alg"),
        (b'{"alg":"HS256","kid":5}', "kid must be text"),
        (b'{"alg":"HS256","kid":null}', "kid must be text"),
        (b'{"alg":"HS256","typ":["at+jwt"]}', "typ must be text"),
        (b'{"alg":"HS256","x":{"y":1}}', "nested"),
        (b'{"alg":"HS256","x":NaN}', "not JSON"),
        (b'{"alg":"HS256","x":1e999}', "out of range"),
        (b'["HS256"]', "not a JSON object"),
        (b'"HS256"', "not a JSON object"),
        (b"", "not JSON"),
        (b"{", "not JSON"),
        (b'\xef\xbb\xbf{"alg":"HS256"}', "not JSON"),
        ('{"alg":"HS256"}'.encode("utf-16"), "UTF-8"),
        (b'{"alg":"HS256","x":"\\ud800"}', "surrogate"),
        (b'{"alg":"HS256","x":' + b"[" * 50 + b"]" * 50 + b"}", "nested"),
        (b'{"alg":"HS256","x":"' + b"a" * 4000 + b'"}', "4096"),
        (b'{"alg":"HS256","b64":false}', "b64"),
        (b'{"alg":"HS256","crit":[]}', "crit"),
        (b'{"alg":"HS256","crit":"exp"}', "crit"),
        (b'{"alg":"HS256","crit":[1]}', "crit"),
        (b'{"alg":"HS256","crit":["exp"]}', "crit"),
        (b'{"alg":"HS256","crit":["alg"]}', "crit"),
        (b'{"alg":"HS256","exp":1,"crit":["exp","exp"]}', "crit"),
    ],
)
def test_a_header_that_breaks_a_rule_is_refused(header, reason):
    with pytest.raises(Malformed, match=reason):
        parse(forge(header))


@pytest.mark.parametrize("name", ["exp", "b64", "http://example.com/UNDEFINED"])
def test_a_critical_extension_that_nobody_understands_is_refused(name):
    """RFC 7515 section 4.1.11, with the example of appendix E."""
    token = forge({"alg": "HS256", "typ": "at+jwt", "crit": [name], name: True})

    with pytest.raises(UnknownCritical) as caught:
        verify(token, SECRET, types=AT)

    assert caught.value.names == {name}


def test_a_critical_extension_that_the_caller_enforces_is_accepted():
    token = sign({"sub": "x"}, SECRET, typ="at+jwt", critical={"limits": True})

    assert verify(token, SECRET, types=AT, understood={"limits"}).header.critical == {"limits"}


@pytest.mark.parametrize("typ", ["at+jwt", "application/at+jwt", "AT+JWT", "Application/At+Jwt"])
def test_the_type_is_compared_as_a_media_type(typ):
    """RFC 7515 section 4.1.9 and RFC 9068 section 4."""
    assert verify(forge({"alg": "HS256", "typ": typ}), SECRET, types=AT).header.typ == "at+jwt"


@pytest.mark.parametrize(
    "typ", ["JWT", "jwt", "id+jwt", "dpop+jwt", "", "at+jwt ", "text/at+jwt", "application/x/at+jwt"]
)
def test_another_type_is_refused(typ):
    with pytest.raises(WrongType):
        verify(forge({"alg": "HS256", "typ": typ}), SECRET, types=AT)


def test_a_token_without_type_is_refused_unless_the_caller_says_so():
    token = forge({"alg": "HS256"})

    with pytest.raises(WrongType):
        verify(token, SECRET, types=AT)
    assert verify(token, SECRET, types={None}).claims == {"sub": "x"}


@pytest.mark.parametrize(
    "token",
    ["", ".", "..", "a.b", "a.b.c.d", "a.b.c.d.e", " ", "é.é.é", "a.b.c\n", "e30.e30.", "\x00.\x00.\x00"],
)
def test_what_is_no_compact_jws_is_refused(token):
    with pytest.raises((Malformed, AlgorithmNotAllowed)):
        parse(token)


def test_an_absurdly_long_token_is_refused():
    with pytest.raises(Malformed, match=str(MAX_TOKEN_CHARS)):
        parse("a" * (MAX_TOKEN_CHARS + 1))


@pytest.mark.parametrize(
    "payload", [b"", b"5", b"[]", b"{", b'{"a":NaN}', b'{"a":-Infinity}', b"\xff", b'{"a":"\\udfff"}']
)
def test_a_signed_payload_that_is_no_object_is_refused(payload):
    with pytest.raises(Malformed, match="payload"):
        verify(forge({"alg": "HS256", "typ": "at+jwt"}, payload), SECRET, types=AT)


def test_a_signed_payload_that_is_nested_too_deep_is_refused():
    with pytest.raises(Malformed, match="nested"):
        verify(forge({"alg": "HS256", "typ": "at+jwt"}, b'{"a":' + b"[" * 5000 + b"]" * 5000 + b"}"), SECRET, types=AT)


def test_brackets_inside_texts_are_no_nesting():
    token = sign({"text": "[{" * 100 + '"\\'}, SECRET, typ="at+jwt")

    assert verify(token, SECRET, types=AT).claims["text"].startswith("[{")


def test_a_payload_with_nan_cannot_be_signed():
    with pytest.raises(ValueError, match="JSON compliant"):
        sign({"x": float("nan")}, SECRET, typ=None)


def test_a_public_key_cannot_sign_a_token():
    with pytest.raises(InvalidKey):
        sign({}, generate_key("ES256").public(), typ=None)


def test_a_token_has_as_many_characters_as_are_allowed_and_no_more():
    def of(length):
        head = base64url.encode(json.dumps({"alg": "HS256", "typ": "at+jwt"}).encode())
        room = length - len(head) - 2 - 43
        return f"{head}.{base64url.encode(b'x' * (room * 3 // 4))}.{'A' * 43}"

    assert len(of(MAX_TOKEN_CHARS)) == MAX_TOKEN_CHARS
    parse(of(MAX_TOKEN_CHARS))
    with pytest.raises(Malformed, match="more than 16384 characters"):
        parse(of(MAX_TOKEN_CHARS) + "A")


def test_a_header_has_4096_characters_at_most():
    for extra, fits in ((0, True), (3, False)):
        padded = json.dumps({"alg": "HS256", "typ": "at+jwt", "x": "y" * 3000})
        header = padded.replace("y" * 3000, "y" * (3000 + 3072 - len(padded) + extra))
        assert len(base64url.encode(header.encode())) == 4096 + extra * 4 // 3
        if fits:
            assert verify(forge(header.encode()), SECRET, types=AT).claims == {"sub": "x"}
        else:
            with pytest.raises(Malformed, match="header has more than 4096"):
                parse(forge(header.encode()))


@pytest.mark.parametrize("name", ["alg", "jku", "jwk", "kid", "x5u", "x5c", "x5t", "x5t#S256", "typ", "cty", "crit"])
def test_no_registered_name_stands_in_crit(name):
    """RFC 7515 section 4.1.11: producers must not put names of that specification there."""
    members = {"typ": "at+jwt", name: "HS256"} | {"alg": "HS256", "crit": [name]}

    with pytest.raises(Malformed, match="crit must name extension members"):
        parse(forge(members))


@pytest.mark.parametrize("name", ["kid", "typ", "cty", "jku", "x5u", "x5t", "x5t#S256"])
@pytest.mark.parametrize("value", [5, None, True, ["x"]])
def test_what_is_text_by_its_specification_is_nothing_else(name, value):
    with pytest.raises(Malformed, match=f"{name} must be text"):
        parse(forge({"alg": "HS256", name: value}))


def test_of_a_claim_that_stands_twice_the_last_one_counts():
    """RFC 7519 section 4 allows that or a refusal, and every decoder here does the same."""
    token = forge({"alg": "HS256", "typ": "at+jwt"}, b'{"sub":"a","sub":"b"}')

    assert verify(token, SECRET, types=AT).claims == {"sub": "b"}


def test_an_object_in_the_header_is_taken_by_who_asks_for_it_alone():
    token = forge({"alg": "HS256", "jwk": {"kty": "EC"}})

    assert parse(token, objects=("jwk",)).header.members["jwk"] == {"kty": "EC"}
    for others in ((), ("epk",)):
        with pytest.raises(Malformed, match="nested object"):
            parse(token, objects=others)


@pytest.mark.parametrize(
    ("typ", "short"),
    [
        ("at+jwt", "at+jwt"),
        ("APPLICATION/AT+JWT", "at+jwt"),
        ("application/a/b", "application/a/b"),
        ("text/x", "text/x"),
    ],
)
def test_the_prefix_of_a_type_is_left_out_where_no_other_slash_appears(typ, short):
    """RFC 7515 section 4.1.9."""
    assert parse(forge({"alg": "HS256", "typ": typ})).header.typ == short


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_what_is_no_json_is_not_signed(value):
    with pytest.raises(ValueError):
        sign({"sub": "alice", "n": value}, SECRET, typ="at+jwt")


def test_an_algorithm_of_the_key_that_the_caller_does_not_allow_is_told_so():
    key = generate_key("ES256")

    with pytest.raises(AlgorithmNotAllowed, match="the token says 'ES256'; algorithms allows PS256, RS256"):
        verify(sign({"sub": "alice"}, key, typ=None), key, algorithms={"RS256", "PS256"}, types={None})


@pytest.mark.parametrize("crit", ["x", [["x"]], [{"x": 1}], [1], {"x": 1}, None, True])
def test_crit_is_a_list_of_names_even_where_such_a_member_stands(crit):
    """RFC 7515 section 4.1.11."""
    with pytest.raises(Malformed):
        parse(forge({"alg": "HS256", "x": 1, "crit": crit}))


def test_an_allowed_algorithm_and_the_name_of_the_key_come_through():
    key = Jwk.from_secret(b"k" * 32, kid="named")
    signed = verify(sign({}, key, typ="at+jwt"), key, algorithms={"HS256"}, types=AT)

    assert signed.header.members == {"alg": "HS256", "typ": "at+jwt", "kid": "named"}
