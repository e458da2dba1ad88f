"""Which authenticators may be added: WebAuthn L3 section 7.1 steps 21 to 24.

By default any, and nothing is believed of a model. Where models matter, the maker's certificate has to vouch for them: an AAGUID without
one is only what somebody claims (section 4).
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal
from uuid import UUID

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID

from .responses import Unfit

# id-fido-gen-ce-aaguid (section 8.2.1).
_AAGUID = x509.ObjectIdentifier("1.3.6.1.4.1.45724.1.1.4")
_OCTET_STRING_16 = b"\x04\x10"
# Formats whose certificate can name the model; of the others an AAGUID is a claim, also where a certificate vouches for the key.
_NAMING_THE_MODEL = ("packed", "tpm")


@dataclass(frozen=True, slots=True, kw_only=True)
class Attestation:
    """What is asked of a new passkey.

    Attributes:
        required: A certificate that leads to one of `roots`.
        roots: PEM, one certificate each.
        models: AAGUIDs that may be added; empty for all.
    """

    required: bool = False
    roots: tuple[bytes, ...] = field(default=(), repr=False)
    models: frozenset[str] = frozenset()

    @property
    def conveyance(self) -> Literal["none", "direct"]:
        """What the browser is asked for."""
        return "direct" if self.required else "none"

    def judge(self, *, format: str, certificates: Sequence[bytes], aaguid: str) -> bool:
        """Whether the model is vouched for; `certificates` (DER, the attesting one first) were followed to a root already.

        Raises:
            Unfit: This model may not be added.
        """
        if not self.required:
            return False
        if not certificates:
            raise Unfit(f"attestation {format} without a certificate, but one is required")
        certificate = x509.load_der_x509_certificate(certificates[0])
        if format == "packed":
            check_packed_certificate(certificate)
        named = model_of(certificate) if format in _NAMING_THE_MODEL else None
        if named is not None and named != aaguid:
            raise Unfit(f"the certificate is of the model {named}, not of {aaguid}")
        if self.models and named is None:
            raise Unfit(f"the {format} certificate names no model, but only some models are allowed")
        if self.models and named not in self.models:
            raise Unfit(f"the model {named} is not among the allowed ones")
        return True


def attestation_of(mode: str, roots: Sequence[str | Path], models: Sequence[str]) -> Attestation:
    """The policy that the options say.

    Raises:
        ValueError: They contradict each other, or a file holds no certificate.
    """
    if mode not in ("none", "required"):
        raise ValueError(f"attestation has to be none or required, not {mode!r}")
    required = mode == "required"
    if not required and (roots or models):
        raise ValueError(
            "attestation_roots and allowed_models need attestation = required: without it a model is only what somebody claims"
        )
    if required and not roots:
        raise ValueError(
            "attestation = required needs attestation_roots: without the makers' root certificates anybody can attest"
        )
    found: list[bytes] = []
    for path in roots:
        text = Path(path).read_bytes()
        certificates = x509.load_pem_x509_certificates(text)
        found += [certificate.public_bytes(Encoding.PEM) for certificate in certificates]
    return Attestation(required=required, roots=tuple(found), models=frozenset(str(UUID(model)) for model in models))


def check_packed_certificate(certificate: x509.Certificate) -> None:
    """Section 8.2.1.

    Raises:
        Unfit: The certificate is not one for attestation.
    """
    if certificate.version is not x509.Version.v3:
        raise Unfit("the attestation certificate is not of version 3")
    for oid in (NameOID.COUNTRY_NAME, NameOID.ORGANIZATION_NAME, NameOID.COMMON_NAME):
        if not certificate.subject.get_attributes_for_oid(oid):
            raise Unfit(f"the attestation certificate has no {oid._name} in its subject")
    units = certificate.subject.get_attributes_for_oid(NameOID.ORGANIZATIONAL_UNIT_NAME)
    if [unit.value for unit in units] != ["Authenticator Attestation"]:
        raise Unfit("the certificate is not one for authenticator attestation")
    try:
        constraints = certificate.extensions.get_extension_for_class(x509.BasicConstraints).value
    except x509.ExtensionNotFound:
        raise Unfit("the attestation certificate has no basic constraints") from None
    if constraints.ca:
        raise Unfit("the attestation certificate is that of an authority")


def model_of(certificate: x509.Certificate) -> str | None:
    """The AAGUID that a certificate names; None for none.

    Raises:
        Unfit: The extension is critical, or not wrapped as it has to be.
    """
    try:
        extension = certificate.extensions.get_extension_for_oid(_AAGUID)
    except x509.ExtensionNotFound:
        return None
    value = extension.value.public_bytes()
    if extension.critical or len(value) != 18 or not value.startswith(_OCTET_STRING_16):
        raise Unfit("the model in the attestation certificate can't be read")
    return str(UUID(bytes=value[2:]))
