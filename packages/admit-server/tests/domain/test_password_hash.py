"""Stored hashes: what is read, and what it may cost."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from admit_server.domain.errors import NotAllowed
from admit_server.domain.password_hash import (
    Argon2Hash,
    BcryptHash,
    Pbkdf2Hash,
    ScryptHash,
    from_text,
    parse,
    stand_in,
)

KEY, SALT = bytes(range(32)), b"sixteen letters."
BCRYPT = "$2b$12$abcdefghijklmnopqrstuuABCDEFGHIJKLMNOPQRSTUVWXYZ01234"
GOOD = [
    Argon2Hash("argon2id", 19, 19_456, 2, 1, SALT, KEY),
    Argon2Hash("argon2i", 16, 65_536, 3, 4, SALT, KEY),
    BcryptHash(BCRYPT),
    BcryptHash(BCRYPT, "sha256-hex"),
    BcryptHash(BCRYPT, "sha256"),
    BcryptHash(BCRYPT, "hmac-sha256"),
    Pbkdf2Hash("sha256", 600_000, b"", KEY),
    Pbkdf2Hash("sha512", 210_000, SALT, KEY * 2),
    ScryptHash(14, 8, 1, SALT, KEY),
    ScryptHash(14, 8, 1, SALT, KEY * 2, firebase=True),
]


@pytest.mark.parametrize("hashed", GOOD, ids=lambda hashed: hashed.parameters)
def test_what_is_stored_is_read_back(hashed):
    assert parse(hashed.encode()) == hashed
    assert hashed.encode().startswith(hashed.parameters)


@pytest.mark.parametrize("hashed", GOOD, ids=lambda hashed: hashed.parameters)
def test_a_stand_in_costs_the_same_and_tells_nothing_of_the_original(hashed):
    nobody = stand_in(hashed)

    assert nobody.parameters == hashed.parameters
    assert parse(nobody.encode()) == nobody
    assert len(nobody.encode()) == len(hashed.encode())
    assert not {"salt", "key"} & {
        name for name in ("salt", "key") if _bytes(nobody, name) == _bytes(hashed, name) != b""
    }


def _bytes(hashed, name):
    return getattr(hashed, name, getattr(hashed, "crypt", ""))


@pytest.mark.parametrize(
    "make",
    [
        lambda: Argon2Hash("argon2id", 19, 10_485_760, 1, 1, SALT, KEY),
        lambda: Argon2Hash("argon2id", 19, 262_144, 5, 1, SALT, KEY),
        lambda: Argon2Hash("argon2id", 19, 8, 999_999_999, 1, SALT, KEY),
        lambda: Argon2Hash("argon2id", 19, 65_536, 1, 17, SALT, KEY),
        lambda: Argon2Hash("argon2id", 19, 8, 1, 2, SALT, KEY),
        lambda: BcryptHash(BCRYPT.replace("$12$", "$16$")),
        lambda: BcryptHash(BCRYPT.replace("$12$", "$31$")),
        lambda: BcryptHash(BCRYPT.replace("$12$", "$03$")),
        lambda: Pbkdf2Hash("sha256", 5_000_001, SALT, KEY),
        lambda: Pbkdf2Hash("sha256", 1_000_000, SALT, KEY * 6),
        lambda: Pbkdf2Hash("sha1", 0, SALT, KEY),
        lambda: ScryptHash(24, 8, 1, SALT, KEY),
        lambda: ScryptHash(18, 8, 3, SALT, KEY),
        lambda: ScryptHash(1, 65_536, 65_536, SALT, KEY),
        lambda: ScryptHash(14, 0, 1, SALT, KEY),
    ],
)
def test_a_hash_that_would_keep_a_server_busy_is_refused(make):
    """10 GB, a minute of bcrypt, a billion iterations: an import must not be able to bring these."""
    with pytest.raises(NotAllowed, match=r"are taken|needs 8 KiB"):
        make()


@pytest.mark.parametrize("key", [b"", b"x" * 15, b"x" * 1025])
def test_a_hash_so_short_that_chance_could_meet_it_is_refused(key):
    for make in (
        lambda: Argon2Hash("argon2id", 19, 64, 1, 1, SALT, key),
        lambda: Pbkdf2Hash("sha1", 1000, SALT, key),
        lambda: ScryptHash(4, 8, 1, SALT, key),
    ):
        with pytest.raises(NotAllowed):
            make()


@pytest.mark.parametrize(
    "text",
    [
        "",
        "plain text",
        "$",
        "$1$salt$hash",
        "$5$rounds=5000$salt$hash",
        "{SSHA}W6ph5Mm5Pz8GgiULbPgzG37mj9g=",
        BCRYPT[:-1],
        BCRYPT + "x",
        BCRYPT.replace("$2b$", "$2x$"),
        BCRYPT + "\n",
        "$argon2id$m=8,t=1,p=1$AAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAA",
        "$argon2id$v=18$m=8,t=1,p=1$AAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAA",
        "$argon2id$v=19$m=8,t=1,p=1,keyid=AA$AAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAA",
        "$argon2id$v=19$m=٨,t=1,p=1$AAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAA",
        "$pbkdf2-md5$i=1$AAAA$AAAAAAAAAAAAAAAAAAAAAA",
        "$pbkdf2-sha256$i=-1$AAAA$AAAAAAAAAAAAAAAAAAAAAA",
        "$bcrypt-md5" + BCRYPT,
    ],
)
def test_what_is_no_hash_is_refused(text):
    with pytest.raises(NotAllowed):
        parse(text)


@given(st.text(max_size=200))
def test_any_text_is_read_or_refused(text):
    try:
        parse(text)
    except NotAllowed:
        pass


@given(st.binary(max_size=64))
def test_base64_is_read_with_and_without_padding(raw):
    import base64

    text = base64.b64encode(raw).decode()
    assert from_text(text) == from_text(text.rstrip("=")) == raw


@pytest.mark.parametrize("text", ["A", "AAAAA", "AA-_", "AA AA", "ÄÄÄÄ", "A" * 3000])
def test_what_is_no_base64_is_refused(text):
    with pytest.raises(NotAllowed):
        from_text(text)
