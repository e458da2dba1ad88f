import hmac

import pytest

from admit.jose import hmac_sha2


@pytest.mark.parametrize("name", ["sha256", "sha384", "sha512"])
@pytest.mark.parametrize("length", [0, 1, 63, 64, 65, 127, 128, 129, 500])
def test_tags_are_those_of_the_standard_library(name, length):
    """RFC 2104 treats keys longer than a block of the hash (64 or 128 octets) differently from others."""
    secret, data = bytes(range(256)) * 2, b"data" * 200
    tag = hmac.digest(secret[:length], data, name)

    assert hmac_sha2.signer(secret[:length], name)(data) == tag
    assert hmac_sha2.checker(secret[:length], name)(tag, data)


def test_a_tag_of_another_text_key_or_length_is_refused():
    check = hmac_sha2.checker(b"k" * 32, "sha256")
    tag = hmac.digest(b"k" * 32, b"data", "sha256")

    assert check(tag, b"data")
    assert not check(tag, b"datas")
    assert not check(hmac.digest(b"K" * 32, b"data", "sha256"), b"data")
    for wrong in (b"", tag[:-1], tag + b"\0", tag[:16]):
        assert not check(wrong, b"data")


def test_a_function_used_once_can_be_used_again():
    """The prepared states are copied, never fed."""
    sign = hmac_sha2.signer(b"k" * 32, "sha256")

    assert sign(b"a") == sign(b"a") != sign(b"b")
