"""The envelope: bound to its place and to the keys outside the database."""

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from admit_server.tokens.envelope import KeyFileInvalid, NotSealedHere, Vault

KEY, OTHER = b"k" * 32, b"o" * 32
NONCE = b"n" * 12
VAULT = Vault.from_keys([KEY])


def line(key: bytes) -> str:
    return "admit-key-v1 " + base64.urlsafe_b64encode(key).decode().rstrip("=")


@given(st.binary(max_size=300), st.text(max_size=40), st.binary(min_size=12, max_size=12))
def test_what_was_sealed_for_a_place_opens_there(plaintext, place, nonce):
    assert VAULT.open(VAULT.seal(plaintext, place=place, nonce=nonce), place=place) == plaintext


def test_a_sealed_value_can_not_be_moved_to_another_place():
    sealed = VAULT.seal(b"secret", place="signing_key/a/sealed_private", nonce=NONCE)
    for place in ("signing_key/b/sealed_private", "", "signing_key/a/sealed_private "):
        with pytest.raises(NotSealedHere, match="another place"):
            VAULT.open(sealed, place=place)


def test_another_key_does_not_open_it_and_says_which_key_is_missing():
    sealed = VAULT.seal(b"secret", place="p", nonce=NONCE)
    with pytest.raises(NotSealedHere, match=f"key {VAULT.key_ids[0]}, which the key file does not hold"):
        Vault.from_keys([OTHER]).open(sealed, place="p")


@given(st.integers(0, 8 + 12 + 1 + 6 + 16 - 1), st.integers(1, 255))
def test_every_changed_byte_is_noticed(at, flip):
    sealed = bytearray(VAULT.seal(b"secret", place="p", nonce=NONCE))
    sealed[at] ^= flip
    with pytest.raises(NotSealedHere):
        VAULT.open(bytes(sealed), place="p")


@given(st.integers(0, 42))
def test_a_truncated_envelope_is_refused(length):
    sealed = VAULT.seal(b"secret", place="p", nonce=NONCE)
    with pytest.raises(NotSealedHere):
        VAULT.open(sealed[:length], place="p")


def test_something_longer_is_refused():
    with pytest.raises(NotSealedHere):
        VAULT.open(VAULT.seal(b"secret", place="p", nonce=NONCE) + b"\x00", place="p")


def test_the_first_key_seals_and_all_open():
    before = VAULT.seal(b"old", place="p", nonce=NONCE)
    both = Vault.from_keys([OTHER, KEY])
    assert both.open(before, place="p") == b"old"
    assert Vault.from_keys([OTHER]).open(both.seal(b"new", place="p", nonce=NONCE), place="p") == b"new"


def test_a_successor_is_readable_only_with_the_token_it_was_sealed_under():
    sealed = VAULT.seal_under("adm_rt_presented", b"adm_rt_next", row="aa", nonce=NONCE)
    assert VAULT.open_under("adm_rt_presented", sealed, row="aa") == b"adm_rt_next"
    for token, row, vault in (
        ("adm_rt_other", "aa", VAULT),
        ("adm_rt_presented", "bb", VAULT),
        ("adm_rt_presented", "aa", Vault.from_keys([OTHER])),
    ):
        with pytest.raises(NotSealedHere):
            vault.open_under(token, sealed, row=row)
    with pytest.raises(NotSealedHere):
        VAULT.open(sealed, place="aa")


def test_a_mac_belongs_to_one_purpose_and_one_key():
    macs = {VAULT.mac("form token", b"x"), VAULT.mac("throttle account", b"x"), VAULT.mac("form token", b"y")}
    assert len(macs | {Vault.from_keys([OTHER]).mac("form token", b"x")}) == 4
    assert VAULT.mac("form token", b"x") == VAULT.mac("form token", b"x")


def test_a_new_key_file_can_be_read_back():
    assert Vault.parse(Vault.format(KEY)).key_ids == VAULT.key_ids


def test_comments_blank_lines_and_an_old_key_are_allowed():
    text = f"# made in spring\n\n{line(OTHER)}  # the new one\n   {line(KEY)}\n"
    assert Vault.parse(text).key_ids == Vault.from_keys([OTHER, KEY]).key_ids


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "holds no key"),
        ("# nothing\n\n", "holds no key"),
        ("admit-key-v2 " + "A" * 43, "line 1 is not"),
        ("\n" + "A" * 43, "line 2 is not"),
        (line(KEY) + " more", "line 1 is not"),
        (line(b"short"), "has 5 bytes instead of 32"),
        (line(b"x" * 33), "has 33 bytes"),
        ("admit-key-v1 " + "!" * 43, "line 1 is not base64url"),
        (line(KEY) + "\n-----BEGIN PRIVATE KEY-----", "line 2 is not"),
    ],
)
def test_another_file_is_no_key_file(text, why):
    with pytest.raises(KeyFileInvalid, match=why):
        Vault.parse(text)


def test_the_complaint_never_shows_what_is_in_the_file():
    for text in ("admit-key-v1 hunter2hunter2", "hunter2hunter2"):
        with pytest.raises(KeyFileInvalid) as refusal:
            Vault.parse(text)
        assert "hunter2" not in str(refusal.value)


def test_the_keys_are_in_no_representation():
    assert "kkkk" not in repr(VAULT)


def test_each_key_of_the_file_gives_another_key_for_each_purpose():
    both = Vault.from_keys([KEY, OTHER])

    assert list(both.keys_for("audit")) == both.key_ids
    assert both.keys_for("audit")[VAULT.key_ids[0]] == VAULT.keys_for("audit")[VAULT.key_ids[0]]
    given = [*both.keys_for("audit").values(), *both.keys_for("other").values(), VAULT.mac("audit", b""), KEY, OTHER]
    assert len(set(given)) == len(given)
