"""The judging of signatures and attestation statements, by the library `webauthn`.

Loaded when it is first needed: reading its formats takes a third of a second, which no command of an administrator has to wait for.
What the library leaves open is checked around it; each place says what.
"""

from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from cryptography.hazmat.primitives.asymmetric import rsa
from webauthn import verify_authentication_response, verify_registration_response
from webauthn.helpers import (
    decode_credential_public_key,
    decoded_public_key_to_cryptography,
    parse_attestation_object,
    parse_cbor,
)
from webauthn.helpers.cose import COSECRV, COSEAlgorithmIdentifier
from webauthn.helpers.decode_credential_public_key import DecodedEC2PublicKey
from webauthn.helpers.structs import AttestationFormat, CredentialDeviceType

from .attestation import Attestation
from .canonical_cbor import NotCanonical, check_authenticator_data, check_one_item
from .responses import LONGEST_ID, Response, Unfit, encoded

# Offered in this order, the best first (section 5.8.5 says which curve belongs to each).
ALGORITHMS = (
    COSEAlgorithmIdentifier.EDDSA,
    COSEAlgorithmIdentifier.ECDSA_SHA_256,
    COSEAlgorithmIdentifier.RSASSA_PKCS1_v1_5_SHA_256,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """What a verified assertion says."""

    verified: bool
    eligible: bool
    backed_up: bool
    count: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Made:
    """What a verified attestation says."""

    key: bytes = field(repr=False)
    aaguid: str
    attested: bool
    verified: bool
    eligible: bool
    backed_up: bool
    count: int


def verify_assertion(
    given: Response, *, challenge: bytes, rp_id: str, origins: list[str], key: bytes, verification_required: bool
) -> Shown:
    """Section 7.2 steps 15 to 18 and 20 to 21: RP id, presence, verification, backup flags, signature.

    Raises:
        Unfit: One of them does not hold.
    """
    try:
        check_authenticator_data(given.authenticator_data)
        found = verify_authentication_response(
            credential=_standard(
                given,
                authenticatorData=encoded(given.authenticator_data),
                signature=encoded(given.signature),
            ),
            expected_challenge=challenge,
            expected_rp_id=rp_id,
            expected_origin=origins,
            credential_public_key=key,
            # The library compares counters before it looks at the signature, so that a stranger could raise the alarm.
            # The caller does it afterwards.
            credential_current_sign_count=0,
            require_user_verification=verification_required,
        )
    except NotCanonical as error:
        raise Unfit(str(error)) from None
    except Exception as error:  # the library lets through what its readers raise, and all of it was sent by a stranger
        raise Unfit(f"not verified: {str(error)[:200] or type(error).__name__}") from None
    return Shown(
        verified=found.user_verified,
        eligible=found.credential_device_type is CredentialDeviceType.MULTI_DEVICE,
        backed_up=found.credential_backed_up,
        count=found.new_sign_count,
    )


def verify_attestation(
    given: Response,
    *,
    challenge: bytes,
    rp_id: str,
    origins: list[str],
    verification_required: bool,
    attestation: Attestation,
) -> Made:
    """Section 7.1 steps 13 to 25: RP id, presence, verification, backup flags, algorithm, statement, trust, length of the id.

    Raises:
        Unfit: One of them does not hold.
    """
    try:
        check_one_item(given.attestation_object)
        _check_attested_data(given.attestation_object)
        found = verify_registration_response(
            credential=_standard(given, attestationObject=encoded(given.attestation_object)),
            expected_challenge=challenge,
            expected_rp_id=rp_id,
            expected_origin=origins,
            require_user_verification=verification_required,
            supported_pub_key_algs=list(ALGORITHMS),
            pem_root_certs_bytes_by_fmt={each: list(attestation.roots) for each in AttestationFormat},
        )
        _check_key(found.credential_public_key)
        # The library verifies the statement of one credential, and never asks whether it is the one that the browser named.
        if encoded(found.credential_id) != given.credential_id:
            raise Unfit("the credential id in the authenticator data is another one")
        if len(found.credential_id) > LONGEST_ID:
            raise Unfit(f"the credential id is longer than {LONGEST_ID} bytes")
        statement = parse_attestation_object(given.attestation_object).att_stmt
        aaguid = str(UUID(found.aaguid))
        attested = attestation.judge(format=found.fmt, certificates=statement.x5c or (), aaguid=aaguid)
    except Unfit:
        raise
    except NotCanonical as error:
        raise Unfit(str(error)) from None
    except Exception as error:  # as above
        raise Unfit(f"not verified: {str(error)[:200] or type(error).__name__}") from None
    return Made(
        key=found.credential_public_key,
        aaguid=aaguid,
        attested=attested,
        verified=found.user_verified,
        eligible=found.credential_device_type is CredentialDeviceType.MULTI_DEVICE,
        backed_up=found.credential_backed_up,
        count=found.sign_count,
    )


def _standard(given: Response, **members: str) -> dict[str, Any]:
    return {
        "id": given.credential_id,
        "rawId": given.credential_id,
        "type": "public-key",
        "response": {"clientDataJSON": encoded(given.client_data)} | members,
    }


def _check_attested_data(attestation_object: bytes) -> None:
    found = parse_cbor(attestation_object)
    data = found.get("authData") if isinstance(found, dict) else None
    if not isinstance(data, bytes):
        raise Unfit("no authenticator data in the attestation object")
    check_authenticator_data(data)


def _check_key(key: bytes) -> None:
    """Section 5.8.5, and that the key is one at all: without an attestation the library never loads it."""
    found = decode_credential_public_key(key)
    if isinstance(found, DecodedEC2PublicKey) and found.crv != COSECRV.P256:
        raise Unfit("an ES256 key has to be on P-256")
    public = decoded_public_key_to_cryptography(found)
    if isinstance(public, rsa.RSAPublicKey) and public.key_size < 2048:
        raise Unfit(f"an RSA key of {public.key_size} bits is too short")
