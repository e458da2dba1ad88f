"""Hashes as other systems export them. That each is read rightly is shown by comparing passwords: `machine/test_password_check`."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from admit_server.domain.errors import NotAllowed
from admit_server.domain.password_dumps import SCHEMES, Dumped, FirebaseParameters, read
from admit_server.domain.password_hash import Argon2Hash, BcryptHash, Pbkdf2Hash, ScryptHash

BCRYPT = "$2y$10$abcdefghijklmnopqrstuuABCDEFGHIJKLMNOPQRSTUVWXYZ01234"
KEY64 = "A" * 43 + "="


@pytest.mark.parametrize(
    ("text", "read_as"),
    [
        (BCRYPT, BcryptHash(BCRYPT)),
        (f"bcrypt${BCRYPT}", BcryptHash(BCRYPT)),
        (f"bcrypt_sha256${BCRYPT}", BcryptHash(BCRYPT, "sha256-hex")),
        (
            f"$bcrypt-sha256$v=2,t=2b,r=12${BCRYPT[7:29]}${BCRYPT[29:]}",
            BcryptHash("$2b$12$" + BCRYPT[7:], "hmac-sha256"),
        ),
        (f"$bcrypt-sha256$2a,6${BCRYPT[7:29]}${BCRYPT[29:]}", BcryptHash("$2a$06$" + BCRYPT[7:], "sha256")),
        (f"pbkdf2_sha256$870000$salty${KEY64}", Pbkdf2Hash("sha256", 870_000, b"salty", bytes(32))),
        (f"$pbkdf2$1000$c2FsdA${KEY64[:-1]}", Pbkdf2Hash("sha1", 1000, b"salt", bytes(32))),
        (f"$pbkdf2-sha512$1000$..../w${KEY64[:-1]}", Pbkdf2Hash("sha512", 1000, b"\xfb\xef\xbe\xff", bytes(32))),
        (f"scrypt$16384$salty$8$5${KEY64}", ScryptHash(14, 8, 5, b"salty", bytes(32))),
        (f"scrypt:32768:8:1$salty${'00' * 64}", ScryptHash(15, 8, 1, b"salty", bytes(64))),
        (f"pbkdf2:sha1:1000$salty${'00' * 20}", Pbkdf2Hash("sha1", 1000, b"salty", bytes(20))),
        (
            f"argon2$argon2id$v=19$m=102400,t=2,p=8$c2FsdHNhbHQ${KEY64[:-1]}",
            Argon2Hash("argon2id", 19, 102_400, 2, 8, b"saltsalt", bytes(32)),
        ),
    ],
)
def test_a_text_that_says_what_it_is_needs_no_name_of_a_scheme(text, read_as):
    assert read(Dumped(hashed=text)) == read_as


def test_of_firebase_the_key_of_the_project_is_not_kept():
    """What is stored is the stream that hid the key, not the key and not what it was hidden as."""
    project = FirebaseParameters(signer_key=b"k" * 64, salt_separator=b"\x07", rounds=8, memory_cost=14)
    text = "-" + "A" * 84 + "_"
    found = read(Dumped(hashed=text, scheme="firebase", salt="c2FsdA==", firebase=project))

    assert isinstance(found, ScryptHash)
    assert (found.log_n, found.r, found.p, found.salt, found.firebase) == (14, 8, 1, b"salt\x07", True)
    assert found.key[1:63] == b"k" * 62
    assert found.key != b"k" * 64
    assert "kkkk" not in repr(project)


@pytest.mark.parametrize(
    ("dumped", "told"),
    [
        (Dumped(hashed="no hash"), "name one of"),
        (Dumped(hashed="md5$salt$hash"), "name one of"),
        (Dumped(hashed=BCRYPT, scheme="rot13"), "'rot13' is not known"),
        (Dumped(hashed="md5$salt$hash", scheme="django"), "Django's 'md5' is not taken"),
        (Dumped(hashed="pbkdf2_sha256$1$salt", scheme="django"), "parts between"),
        (Dumped(hashed="pbkdf2_sha256$x$salt$AAAA", scheme="django"), "not a number"),
        (Dumped(hashed="pbkdf2_sha256$99999999999$salt$AAAA", scheme="django"), "not a number"),
        (Dumped(hashed=f"scrypt$16383$salt$8$5${KEY64}", scheme="django"), "power of two"),
        (Dumped(hashed="scrypt:1:1$salt$00"), "Werkzeug"),
        (Dumped(hashed="scrypt:2:8:1$salt$zz"), "hexadecimal"),
        (Dumped(hashed={"a": 1}, scheme="bcrypt"), "has to be a text"),
        (Dumped(hashed={"secretData": "{}"}), "credentialData has to be"),
        (Dumped(hashed="[" * 5000, scheme="keycloak"), "has to be an object"),
        (Dumped(hashed={"secretData": {}, "credentialData": {"hashIterations": 1, "algorithm": "md5"}}), "'md5' is not taken"),
        (
            Dumped(hashed={"secretData": {}, "credentialData": {"hashIterations": 1, "algorithm": "argon2", "additionalParameters": {}}}),
            "types id, i and d",
        ),
        (Dumped(hashed=KEY64, scheme="firebase"), "parameters of its project"),
        (
            Dumped(
                hashed=KEY64,
                scheme="firebase",
                firebase=FirebaseParameters(signer_key=b"k" * 64, salt_separator=b"", rounds=8, memory_cost=14),
            ),
            "as long as",
        ),
        (
            Dumped(
                hashed=KEY64,
                scheme="firebase",
                firebase=FirebaseParameters(signer_key=b"k" * 32, salt_separator=b"", rounds=8, memory_cost=60),
            ),
            "logarithm of N",
        ),
    ],
)  # fmt: skip
def test_what_cant_be_read_is_told(dumped, told):
    with pytest.raises(NotAllowed, match=told):
        read(dumped)


@given(st.sampled_from(SCHEMES), st.text(max_size=120) | st.dictionaries(st.text(max_size=14), st.text(max_size=40)))
def test_anything_is_read_or_refused(scheme, hashed):
    with pytest.raises(NotAllowed):
        read(Dumped(hashed=hashed, scheme=scheme))
