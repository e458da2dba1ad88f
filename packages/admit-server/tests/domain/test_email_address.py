"""Which texts are e-mail addresses, and which two are the same."""

import pytest

from admit_server.domain.email_address import address_key, check_email, masked, typed_address_key
from admit_server.domain.errors import NotAllowed


@pytest.mark.parametrize(
    "email",
    [
        "a@example.com",
        "first.last+tag@mail.example.co.uk",
        "ä@bücher.example",
        "o'neill_x-1@x.example",
        "a@1.example",
        "a" * 64 + "@b.example",
        "山田@例え.example",
    ],
)
def test_an_address_is_taken(email):
    assert check_email(email) == email


@pytest.mark.parametrize(
    "email",
    [
        "",
        "alice",
        "@example.com",
        "alice@",
        "alice@localhost",
        "a@b@example.com",
        "a b@example.com",
        "a@exa\nmple.com",
        "a@example.com\n",
        "a@example.com\r\nBcc: x@evil.example",
        "a@example.com,b@example.com",
        "<a@example.com>",
        "Alice <a@example.com>",
        '"a b"@example.com',
        "a@[192.0.2.1]",
        ".a@example.com",
        "a..b@example.com",
        "a.@example.com",
        "a@-b.example",
        "a@b-.example",
        "a@b_c.example",
        "a@b..example",
        "a@example.com.",
        "a\x00@example.com",
        "a\u2028@example.com",
        "a\u202eb@example.com",
        "a@" + "b" * 64 + ".example",
        "a" * 65 + "@b.example",
        "a" * 250 + "@b.example",
        "a@" + "bcd." * 65 + "example",
        "a@xn--\u00fc.example",
    ],
)
def test_what_can_be_no_address_is_refused(email):
    with pytest.raises(NotAllowed, match="e-mail"):
        check_email(email)


@pytest.mark.parametrize(
    "other", ["Alice@Example.COM", "ALICE@example.com", "ａｌｉｃｅ@example.com", "alice@ｅｘａｍｐｌｅ.com"]
)
def test_spellings_of_one_address_are_the_same(other):
    assert address_key(other) == address_key("alice@example.com") == "alice@example.com"


def test_a_host_name_is_the_same_in_both_its_forms():
    assert address_key("a@BÜCHER.example") == address_key("a@xn--bcher-kva.example")


@pytest.mark.parametrize("other", ["alice+x@example.com", "al.ice@example.com", "alice@mail.example.com"])
def test_other_addresses_are_others(other):
    """What a host does with dots and plus signs is its own business."""
    assert address_key(other) != address_key("alice@example.com")


def test_a_masked_address_tells_its_owner_which_it_is():
    assert masked("alice@example.com") == "a…@example.com"


@pytest.mark.parametrize(
    ("typed", "key"),
    [
        ("X@B\u00fccher.example", "x@xn--bcher-kva.example"),
        ("x\uff20example.com", "x@example.com"),
        ("alice", ""),
        ("", ""),
        ("a@" + "b" * 253, ""),
    ],
)
def test_what_was_typed_has_the_key_of_an_address_only_if_it_can_be_one(typed, key):
    assert typed_address_key(typed) == key
