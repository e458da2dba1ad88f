"""Whatever is installed, the same texts are read, and as the same values."""

import importlib.util
import sys

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from admit.jose import accelerators, base64url, strict_json
from admit.jose.errors import Malformed

TEXTS = st.text(alphabet="AQgw-_=+/ \nZ9é", max_size=12) | st.text(max_size=12)
VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.integers(min_value=-(2**70), max_value=2**70)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)


def without(monkeypatch, *names):
    for name in names:
        monkeypatch.setitem(sys.modules, name, None)


def decoded_by(decoder, text, monkeypatch):
    with monkeypatch.context() as patch:
        patch.setattr(base64url, "decoded", decoder)
        try:
            return base64url.decode(text)
        except Malformed as error:
            return str(error)


def test_the_standard_library_is_enough(monkeypatch):
    without(monkeypatch, "pybase64", "msgspec", "msgspec.json")

    assert accelerators.base64url_decoder() is accelerators._base64url_decode
    assert accelerators.base64url_encoder() is accelerators._base64url_encode
    assert accelerators.json_decoder() is None
    assert accelerators.json_encoder() is None
    assert accelerators.json_reader([("a", "a", int, 0)]) is None
    assert accelerators.json_converter() is None


def test_where_it_is_installed_values_are_given_a_type():
    convert = accelerators.json_converter()

    assert (convert is not None) == (importlib.util.find_spec("msgspec") is not None)
    assert convert is None or convert({"a": 1}, dict[str, int]) == {"a": 1}


def test_where_it_is_installed_members_are_read_into_attributes():
    read = accelerators.json_reader(
        [("name", "n-m", str, accelerators.NEEDED), ("age", "age", range(200), 7), ("more", "more", list[str], None)]
    )

    assert (read is not None) == (importlib.util.find_spec("msgspec") is not None)
    if read is None:
        return
    found = read(b'{"n-m":"alice","more":["x"]}')
    assert (found.name, found.age, found.more) == ("alice", 7, ["x"])
    for refused in (
        b'{"age":1}',
        b'{"n-m":"alice","other":1}',
        b'{"n-m":1}',
        b'{"n-m":"alice","age":200}',
        b'{"n-m":"alice","age":-1}',
        b'{"n-m":"alice","age":true}',
        b'{"n-m":"alice","more":[1]}',
        b'{"n-m":"alice","more":null}',
        b'["alice"]',
        b'{"n-m":"alice"} {}',
    ):
        with pytest.raises(ValueError, match=r"."):
            read(refused)
    assert read(b'{"n-m":"alice","age":199}').age == 199


def test_where_it_is_installed_json_is_written_without_white_space():
    encode = accelerators.json_encoder()

    assert (encode is not None) == (importlib.util.find_spec("msgspec") is not None)
    assert encode is None or encode({"a": [1, "é"]}) == '{"a":[1,"é"]}'.encode()


@given(TEXTS)
@settings(max_examples=300, deadline=None)
def test_base64url_is_read_the_same_by_whichever_decoder_is_there(text):
    patch = pytest.MonkeyPatch()

    assert decoded_by(accelerators.base64url_decoder(), text, patch) == decoded_by(
        accelerators._base64url_decode, text, patch
    )


@given(st.binary(max_size=100))
def test_base64url_is_written_the_same_by_whichever_encoder_is_there(data):
    written = accelerators.base64url_encoder()(data, accelerators.URL)

    assert written == accelerators._base64url_encode(data, accelerators.URL)
    assert base64url.decode(written.rstrip("=")) == data


ODD = [
    b'{"a":18446744073709551616}', b'{"a":123456789012345678901234567890}', b'{"a":1e400}', b'{"a":1e-400}', b'{"a":-0}', b'{"a":-0.0}',
    b'{"a":1.0}', b'{"a":"\\ud800"}', b'{"a":"\\ud83d\\udd12"}', b'{"a":"\xff"}', b'{"a":"\xed\xa0\x80"}', b'{"a":"\x01"}',
    b"\xef\xbb\xbf{}", b" {}\n", b"{}x", b'{"a":NaN}', b'{"a":-Infinity}', b'{"a":1,"a":2}', b'{"a":01}', b'{"a":1.}', b'{"a":.5}',
    b'{"a":1,}', b'{"a":' + b"9" * 5000 + b"}", b'{"a":1.' + b"9" * 400 + b"}", b'{"\\u0061":1}', b'{"a":"\\x"}', b'{"a":\x0c1}',
    b'{"a":"\x7f"}', b"[]", b"5", b"null", b'"a"', b"", b" ", b"{", b'{"a":' * 17 + b"1" + b"}" * 17,
    b'{"a":' + b"[" * 17 + b"]" * 17 + b"}",
    b'{"a":"' + b"{" * 20 + b'"}',
]  # fmt: skip


def read(decoder, data):
    try:
        value = decoder(data)
    except (ValueError, RecursionError, StopIteration, Malformed):
        return None
    return value if type(value) is dict and data.count(b"{") + data.count(b"[") <= strict_json.MAX_DEPTH else None


def agree(data):
    """What a quick reader reads, the strict one reads as the same value of the same types."""
    try:
        strict = strict_json.parse_object(data, what="payload", unique=False)
    except Malformed:
        strict = None
    for decoder in (accelerators.json_decoder(), strict_json.flat_json):
        quick = read(decoder, data) if decoder is not None else None
        assert quick is None or repr(quick) == repr(strict)


@pytest.mark.parametrize("data", ODD, ids=lambda data: repr(data[:30]))
def test_odd_json_is_never_read_more_generously_by_the_fast_decoder(data):
    agree(data)


@given(st.dictionaries(st.text(max_size=8), VALUES, max_size=5), st.booleans())
@settings(max_examples=200, deadline=None)
def test_json_is_read_as_the_same_values(value, escaped):
    import json

    data = json.dumps(value, ensure_ascii=escaped).encode("utf-8")
    agree(data)
    assert (
        escaped
        or data.count(b"{") + data.count(b"[") > strict_json.MAX_DEPTH
        or read(strict_json.flat_json, data) == value
    )


@given(st.binary(max_size=30) | st.text(alphabet='{}[]",:0123.eE+-\\u tnf', max_size=30).map(str.encode))
@settings(max_examples=300, deadline=None)
def test_noise_is_never_read_more_generously_by_the_fast_decoder(data):
    agree(b'{"a":' + data + b"}")
