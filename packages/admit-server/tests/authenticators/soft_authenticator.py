"""A passkey and its browser in software, which can also do every wrong thing. Bytes as WebAuthn L3 sections 5.8.1, 6.1 and 6.5 say."""

import base64
import datetime as dt
import hashlib
import json
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import cbor2
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID

ORIGIN = "https://id.example.com"
RP_ID = "id.example.com"
MODEL = "cd8c395c-26ed-eede-653b-00797d03ca3c"
AAGUID_OID = x509.ObjectIdentifier("1.3.6.1.4.1.45724.1.1.4")


def b64(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def unb64(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


class Key:
    """A key pair of one COSE algorithm."""

    def __init__(self, alg: int = -7, *, rsa_bits: int = 2048, curve: ec.EllipticCurve | None = None) -> None:
        self.alg = alg
        self.private: Any
        if alg == -7:
            self.private = ec.generate_private_key(curve or ec.SECP256R1())
        elif alg == -8:
            self.private = ed25519.Ed25519PrivateKey.generate()
        else:
            self.private = rsa.generate_private_key(65537, rsa_bits)

    def sign(self, data: bytes) -> bytes:
        signature: bytes
        if isinstance(self.private, ec.EllipticCurvePrivateKey):
            signature = self.private.sign(data, ec.ECDSA(hashes.SHA256()))
        elif isinstance(self.private, ed25519.Ed25519PrivateKey):
            signature = self.private.sign(data)
        else:
            signature = self.private.sign(data, padding.PKCS1v15(), hashes.SHA256())
        return signature

    def cose(self) -> bytes:
        public = self.private.public_key()
        if isinstance(public, ec.EllipticCurvePublicKey):
            numbers, size = public.public_numbers(), (public.key_size + 7) // 8
            curve = {256: 1, 384: 2, 521: 3}[public.key_size]
            key = {
                1: 2,
                3: self.alg,
                -1: curve,
                -2: numbers.x.to_bytes(size, "big"),
                -3: numbers.y.to_bytes(size, "big"),
            }
        elif isinstance(public, ed25519.Ed25519PublicKey):
            key = {1: 1, 3: self.alg, -1: 6, -2: public.public_bytes_raw()}
        else:
            n, e = public.public_numbers().n, public.public_numbers().e
            key = {1: 3, 3: self.alg, -1: n.to_bytes(public.key_size // 8, "big"), -2: e.to_bytes(3, "big")}
        return cbor2.dumps(key)


class Maker:
    """Somebody who makes authenticators, with a root certificate."""

    def __init__(self, name: str = "Ring Makers") -> None:
        self.key = ec.generate_private_key(ec.SECP256R1())
        self.name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, f"{name} root")])
        self.root = self._certificate(self.name, self.key, ca=True, extensions=[])

    def attester(
        self,
        *,
        model: str | None = MODEL,
        unit: str = "Authenticator Attestation",
        country: str | None = "SE",
        ca: bool | None = False,
        critical: bool = False,
        wrapped: bool = True,
    ) -> tuple[Any, bytes]:
        """A key for attestation and its certificate, DER."""
        key = ec.generate_private_key(ec.SECP256R1())
        names = [(NameOID.ORGANIZATION_NAME, "Ring Makers"), (NameOID.ORGANIZATIONAL_UNIT_NAME, unit)]
        names += [(NameOID.COMMON_NAME, "Ring 1")] + ([(NameOID.COUNTRY_NAME, country)] if country else [])
        extensions: list[tuple[x509.ExtensionType, bool]] = []
        if model is not None:
            raw = bytes.fromhex(model.replace("-", ""))
            value = b"\x04\x10" + raw if wrapped else raw
            extensions.append((x509.UnrecognizedExtension(AAGUID_OID, value), critical))
        subject = x509.Name([x509.NameAttribute(oid, value) for oid, value in names])
        return key, self._certificate(subject, key, ca=ca, extensions=extensions)

    def pem(self) -> bytes:
        return x509.load_der_x509_certificate(self.root).public_bytes(Encoding.PEM)

    def _certificate(
        self, subject: x509.Name, key: Any, *, ca: bool | None, extensions: list[tuple[x509.ExtensionType, bool]]
    ) -> bytes:
        now = dt.datetime.now(dt.UTC)
        builder = (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(self.name)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - dt.timedelta(days=1))
            .not_valid_after(now + dt.timedelta(days=30))
        )
        if ca is not None:
            builder = builder.add_extension(x509.BasicConstraints(ca=ca, path_length=None), critical=True)
        for extension, critical in extensions:
            builder = builder.add_extension(extension, critical)
        return builder.sign(self.key, hashes.SHA256()).public_bytes(Encoding.DER)


@dataclass
class SoftAuthenticator:
    """One passkey. What a call is given by name replaces what an honest device and browser would have sent."""

    key: Key = field(default_factory=Key)
    id: bytes = field(default_factory=lambda: os.urandom(32))
    aaguid: str = MODEL
    uv: bool = True
    be: bool = False
    bs: bool = False
    count: int = 0
    step: int = 0
    transports: tuple[str, ...] = ("usb",)
    platform: bool = False
    user: bytes = b""

    def create(self, public: Mapping[str, Any], **wrong: Any) -> str:
        """What the page sends after `navigator.credentials.create`."""
        options = public["publicKey"]
        self.user = unb64(options["user"]["id"])
        client = self._client("webauthn.create", options, wrong)
        inner_id = wrong.get("attested_id", self.id)
        attested = (
            bytes.fromhex(self.aaguid.replace("-", ""))
            + len(inner_id).to_bytes(2, "big")
            + inner_id
            + wrong.get("cose", self.key.cose())
        )
        if wrong.get("without_key"):
            attested = b""
        data = self._data(options["rp"]["id"], attested, wrong)
        signed = data + hashlib.sha256(client).digest()
        fmt, statement = "none", {}
        if (how := wrong.get("attestation")) == "self":
            fmt, statement = "packed", {"alg": self.key.alg, "sig": self.key.sign(signed)}
        elif how is not None:
            key, certificate = how
            fmt, statement = (
                "packed",
                {"alg": -7, "sig": key.sign(signed, ec.ECDSA(hashes.SHA256())), "x5c": [certificate]},
            )
        fmt, statement = wrong.get("fmt", fmt), statement | wrong.get("statement", {})
        attestation = cbor2.dumps({"fmt": fmt, "attStmt": statement, "authData": data}, canonical=True)
        response = {
            "clientDataJSON": b64(client),
            "attestationObject": b64(wrong.get("attestation_object", attestation)),
            "transports": list(self.transports),
        }
        more = {"clientExtensionResults": {"credProps": {"rk": True}}}
        return self._credential(response, more, wrong)

    def get(self, public: Mapping[str, Any], **wrong: Any) -> str:
        """What the page sends after `navigator.credentials.get`."""
        options = public["publicKey"]
        client = self._client("webauthn.get", options, wrong)
        self.count += self.step
        data = self._data(options["rpId"], b"", wrong)
        data = wrong.get("data", data)
        signature = wrong.get("key", self.key).sign(data + hashlib.sha256(client).digest())
        handle = wrong.get("user_handle", self.user)
        response = {
            "clientDataJSON": b64(wrong.get("client_data_after", client)),
            "authenticatorData": b64(wrong.get("data_after", data)),
            "signature": b64(wrong.get("signature", signature)),
        } | ({"userHandle": b64(handle)} if handle is not None else {})
        return self._credential(response, {"clientExtensionResults": {}}, wrong)

    def _client(self, type: str, options: Mapping[str, Any], wrong: Mapping[str, Any]) -> bytes:
        client = {"type": type, "challenge": options["challenge"], "origin": ORIGIN, "crossOrigin": False}
        client |= wrong.get("client", {})
        for name in wrong.get("client_without", ()):
            del client[name]
        data: bytes = wrong.get("client_data", json.dumps(client, separators=(",", ":")).encode())
        return wrong.get("before_client_data", b"") + data

    def _data(self, rp_id: str, attested: bytes, wrong: Mapping[str, Any]) -> bytes:
        flags = {"up": True, "uv": self.uv, "be": self.be, "bs": self.bs} | wrong.get("flags", {})
        extensions = wrong.get("extensions", b"")
        bits = flags["up"] | flags["uv"] << 2 | flags["be"] << 3 | flags["bs"] << 4
        bits |= bool(attested) << 6 | bool(extensions) << 7
        head = hashlib.sha256(wrong.get("rp_id", rp_id).encode()).digest()
        count = int(wrong.get("count", self.count)).to_bytes(4, "big")
        tail: bytes = wrong.get("tail", b"")
        return head + bytes([bits]) + count + attested + extensions + tail

    def _credential(self, response: dict[str, Any], more: dict[str, Any], wrong: Mapping[str, Any]) -> str:
        credential = {
            "id": b64(wrong.get("id", self.id)),
            "rawId": b64(wrong.get("raw_id", wrong.get("id", self.id))),
            "type": "public-key",
            "authenticatorAttachment": "platform" if self.platform else "cross-platform",
            "response": response | wrong.get("response", {}),
        }
        for name in wrong.get("response_without", ()):
            del credential["response"][name]  # type: ignore[attr-defined]
        return json.dumps(credential | more | wrong.get("credential", {}))


def bomb(doublings: int) -> bytes:
    """CBOR of a few bytes for each doubling, whose value has 2**doublings parts: every array names the one before it twice."""
    shared, reference = b"\xd8\x1c", b"\xd8\x1d"
    items = shared + b"\x81\x00"
    for number in range(doublings):
        name = cbor2.dumps(number)
        items += shared + b"\x82" + (reference + name) * 2
    return (
        cbor2.dumps(doublings + 1).replace(b"\x18", b"\x98", 1) + items
        if doublings > 22
        else bytes([0x81 + doublings]) + items
    )
