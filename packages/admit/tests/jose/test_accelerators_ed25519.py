import importlib.util
import sys

import pytest

from admit.jose import accelerators, generate_key

KEY = generate_key("Ed25519")
PUBLIC = KEY._public.public_bytes_raw()


# These tests also run where libsodium is not installed; then they say the same of what takes its place.
INSTALLED = importlib.util.find_spec("nacl") is not None


def test_libsodium_knows_good_signatures_where_it_is_installed():
    check = accelerators.ed25519_checker(PUBLIC)

    assert (check is not None) == INSTALLED
    check = check or KEY.checker
    assert check(KEY.sign(b"text"), b"text")
    assert not check(KEY.sign(b"text"), b"texts")


@pytest.mark.parametrize("text", [b"", b"t", b"text of some length"])
def test_a_part_of_the_text_is_never_taken_for_signature(text):
    """It takes both in one piece: 63 octets and one of the text must not pass for a signature of a shorter text."""
    signature = KEY.sign(text)
    check = accelerators.ed25519_checker(PUBLIC) or KEY.checker

    for cut in range(64):
        assert not check(signature[:cut], signature[cut:] + text)
    assert not text or not check(signature + text, b"")
    assert check(signature, text)


def test_without_it_there_is_no_function(monkeypatch):
    monkeypatch.setitem(sys.modules, "nacl.bindings", None)

    assert accelerators.ed25519_checker(PUBLIC) is None


def test_a_key_works_without_it(monkeypatch):
    monkeypatch.setitem(sys.modules, "nacl.bindings", None)
    key = generate_key("Ed25519")

    assert key.verify(key.sign(b"text"), b"text")
    assert not key.verify(key.sign(b"text"), b"texts")
