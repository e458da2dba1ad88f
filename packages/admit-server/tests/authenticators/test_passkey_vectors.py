"""The test vectors of WebAuthn L3 section 16: each pair of ceremonies, as it stands there."""

import base64
import json
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from admit_server.authenticators.passkey import responses
from admit_server.authenticators.passkey.attestation import Attestation
from admit_server.authenticators.passkey.responses import Unfit, check_client_data
from admit_server.authenticators.passkey.verification import verify_assertion, verify_attestation

VECTORS: dict[str, Any] = json.loads((Path(__file__).parent / "vectors" / "webauthn_l3.json").read_text())
ORIGIN, RP_ID = "https://example.org", "example.org"
# ES384, ES512 and Ed448 are not offered; the frames' pages are of another origin, which is refused.
GOOD = [
    "none-es256",
    "packed-self-es256",
    "none-es256-long-credential-id",
    "packed-es256",
    "packed-rs256",
    "packed-eddsa",
]
# Their certificates are of nobody whom these formats know: neither the roots of Google and Apple, nor a registered maker of TPMs, and
# the U2F key has an AAGUID, which U2F has not.
OTHER_FORMATS = {"tpm-es256": "TPM", "android-key-es256": "Android", "apple-es256": "chain", "fido-u2f-es256": "AAGUID"}


def b64(hexadecimal: str) -> str:
    return base64.urlsafe_b64encode(bytes.fromhex(hexadecimal)).rstrip(b"=").decode()


def credential(id: str, values: dict[str, str]) -> str:
    inner = {name: b64(value) for name, value in values.items() if name not in ("challenge", "credential_id")}
    return json.dumps({"id": b64(id), "rawId": b64(id), "type": "public-key", "response": inner})


def register(name: str, policy: Attestation | None = None) -> Any:
    values = VECTORS["credentials"][name]["registration"]
    given = responses.attestation(credential(values["credential_id"], values))
    challenge = bytes.fromhex(values["challenge"])
    check_client_data(given.client, type="webauthn.create", challenge=challenge, origins=[ORIGIN])
    return verify_attestation(
        given,
        challenge=challenge,
        rp_id=RP_ID,
        origins=[ORIGIN],
        verification_required=False,
        attestation=policy or Attestation(),
    )


def show(name: str, key: bytes) -> Any:
    vector = VECTORS["credentials"][name]
    values = vector["authentication"]
    given = responses.assertion(credential(vector["registration"]["credential_id"], values))
    challenge = bytes.fromhex(values["challenge"])
    check_client_data(given.client, type="webauthn.get", challenge=challenge, origins=[ORIGIN])
    return verify_assertion(
        given, challenge=challenge, rp_id=RP_ID, origins=[ORIGIN], key=key, verification_required=False
    )


@pytest.mark.parametrize("name", GOOD)
def test_a_vector_of_the_specification_is_added_and_shown(name):
    made = register(name)
    shown = show(name, made.key)
    assert shown.eligible == made.eligible
    assert not made.attested


@pytest.mark.parametrize("name", ["none-es256-crossOrigin", "none-es256-topOrigin"])
def test_a_vector_of_a_frame_is_refused(name):
    with pytest.raises(Unfit, match="frame of"):
        register(name)


@pytest.mark.parametrize("name", ["packed-es384", "packed-es512", "packed-ed448"])
def test_a_vector_of_an_algorithm_that_is_not_offered_is_refused(name):
    with pytest.raises(Unfit, match="not verified"):
        register(name)


@pytest.mark.parametrize(("name", "why"), OTHER_FORMATS.items())
def test_a_statement_of_makers_whom_nobody_knows_is_refused_also_where_none_was_asked(name, why):
    with pytest.raises(Unfit, match=why):
        register(name)


@pytest.fixture
def root():
    return x509.load_der_x509_certificate(bytes.fromhex(VECTORS["attestation_ca_cert"])).public_bytes(Encoding.PEM)


@pytest.mark.parametrize("name", ["packed-es256", "packed-rs256", "packed-eddsa", "apple-es256"])
def test_with_the_root_of_the_vectors_the_statement_vouches_for_its_key(name, root):
    made = register(name, Attestation(required=True, roots=(root,)))
    assert made.attested
    show(name, made.key)


def test_a_format_that_can_not_name_a_model_is_refused_where_models_matter(root):
    """An AAGUID stands in it, but nobody vouches for that."""
    policy = Attestation(required=True, roots=(root,), models=frozenset({"748210a2-0076-616a-733b-2114336fc384"}))
    with pytest.raises(Unfit, match="names no model"):
        register("apple-es256", policy)


def test_the_vectors_say_where_they_come_from():
    assert "section 16" in VECTORS["source"]
    assert len(VECTORS["credentials"]) == 15
