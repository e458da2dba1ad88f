import pytest

from admit.jose import SIGNING, InvalidKey, key_material

SECRET = {"kty": "oct", "k": "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8"}


def test_a_secret_is_its_own_other_half():
    public, private = key_material.read("oct", SECRET)

    assert public == private == key_material.public_of(private) == bytes(range(32))
    assert key_material.public_members(public) == SECRET
    assert (key_material.kind(public), key_material.bits(public)) == (("oct", None), 256)


@pytest.mark.parametrize("k", [None, "", 5, "AA==", "A"])
def test_a_secret_that_cannot_be_read_is_refused(k):
    with pytest.raises(InvalidKey, match="oct"):
        key_material.read("oct", {"k": k})


@pytest.mark.parametrize(
    ("alg", "bits"),
    [("ES256", 256), ("ES512", 521), ("RS256", 2048), ("HS256", 256), ("HS512", 512), ("Ed25519", 0), ("ML-DSA-44", 0)],
)
def test_new_material_has_the_size_it_should_have(alg, bits):
    assert key_material.bits(key_material.public_of(key_material.generate(SIGNING[alg]))) == bits


def test_no_two_secrets_are_alike():
    assert key_material.generate(SIGNING["HS256"]) != key_material.generate(SIGNING["HS256"])
