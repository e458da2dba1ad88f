"""Passwords against hashes that other systems made: the texts are theirs, and the file says whose."""

import base64
import json
from pathlib import Path

import pytest

from admit_server.domain.password_dumps import Dumped, FirebaseParameters, read
from admit_server.domain.password_hash import BcryptHash, ScryptHash, parse, stand_in
from admit_server.machine.password_check import matches

VECTORS = json.loads(Path(__file__).with_name("vectors").joinpath("password_hashes.json").read_text())["vectors"]


def dumped(vector):
    firebase = None
    if (given := vector.get("firebase")) is not None:
        firebase = FirebaseParameters(
            signer_key=base64.b64decode(given["signer_key"]),
            salt_separator=base64.b64decode(given["salt_separator"]),
            rounds=given["rounds"],
            memory_cost=given["memory_cost"],
        )
    return Dumped(
        hashed=vector["password_hash"], scheme=vector["scheme"], salt=vector.get("salt", ""), firebase=firebase
    )


@pytest.mark.parametrize("vector", VECTORS, ids=lambda v: f"{v['source'][:40]}-{v['password'][:6]}")
def test_what_another_system_hashed_is_compared_as_it_does(vector):
    hashed = parse(read(dumped(vector)).encode())
    password = vector["password"]

    assert matches(hashed, password)
    assert not matches(hashed, password.swapcase())
    assert not matches(hashed, "")
    if len(password.encode()) < 72 or not isinstance(hashed, BcryptHash) or hashed.prepared:
        assert not matches(hashed, password + "x")


def test_the_vectors_cover_every_system_that_the_documents_name():
    named = {vector["source"].split()[0].strip(":,") for vector in VECTORS}
    assert named >= {"Django", "passlib", "Werkzeug", "Keycloak", "firebase/scrypt", "argon2-cffi"}
    assert {vector["scheme"] for vector in VECTORS} >= {
        "django",
        "passlib",
        "werkzeug",
        "keycloak",
        "firebase",
        "argon2",
    }


def test_a_password_with_a_nul_is_not_cut_off_there():
    """In crypt(3) "good" and "good\\0anything" are the same password."""
    vector = next(v for v in VECTORS if v["source"].endswith(", bcrypt"))
    assert not matches(read(dumped(vector)), vector["password"] + "\x00more")


def test_rfc_7914_section_12():
    """The third vector there: scrypt (P="pleaseletmein", S="SodiumChloride", N=16384, r=8, p=1, dkLen=64)."""
    expected = bytes.fromhex(
        "7023bdcb3afd7348461c06cd81fd38ebfda8fbba904f8e3ea9b543f6545da1f2"
        "d5432955613f0fcf62d49705242a9af9e61e85dc0d651e40dfcf017b45575887"
    )
    assert matches(ScryptHash(14, 8, 1, b"SodiumChloride", expected), "pleaseletmein")


@pytest.mark.parametrize(("log_n", "r", "p"), [(1, 1, 1), (10, 8, 16), (4, 64, 3), (17, 8, 1)])
def test_the_memory_that_openssl_is_allowed_is_enough(log_n, r, p):
    assert not matches(ScryptHash(log_n, r, p, b"", bytes(16)), "x")


def test_nobodys_hash_matches_nothing_that_was_tried():
    for vector in VECTORS[:3]:
        assert not matches(stand_in(read(dumped(vector))), vector["password"])
