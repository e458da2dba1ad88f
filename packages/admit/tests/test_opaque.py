import zlib

import pytest

from admit import MalformedToken
from admit.opaque import checksum, refuse_malformed

BODY = "adm_at_" + "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefg"


def opaque(body=BODY):
    return body + checksum(body)


def test_a_checksum_is_crc32_in_base62():
    digits = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"

    number = 0
    for char in checksum(BODY):
        number = number * 62 + digits.index(char)

    assert number == zlib.crc32(BODY.encode())
    assert len(checksum(BODY)) == 6


def test_a_small_checksum_is_padded():
    assert checksum("") == "000000"


@pytest.mark.parametrize("kind", ["at", "pat"])
def test_access_and_personal_tokens_pass(kind):
    refuse_malformed(opaque(BODY.replace("_at_", f"_{kind}_")))


@pytest.mark.parametrize("place", range(len(opaque())))
def test_every_typing_error_is_noticed(place):
    token = opaque()
    changed = token[:place] + ("x" if token[place] != "x" else "y") + token[place + 1 :]

    with pytest.raises(MalformedToken):
        refuse_malformed(changed)


@pytest.mark.parametrize("kind", ["rt", "inv", "rst", "cs"])
def test_tokens_of_other_kinds_open_nothing(kind):
    with pytest.raises(MalformedToken, match=f"kind '{kind}'"):
        refuse_malformed(opaque(BODY.replace("_at_", f"_{kind}_")))


@pytest.mark.parametrize(
    "token", ["adm_", "adm_at_", opaque()[:-1], opaque() + "0", opaque() + "\n", "adm_at_é", "x" + opaque()]
)
def test_another_shape_is_refused(token):
    with pytest.raises(MalformedToken):
        refuse_malformed(token)
