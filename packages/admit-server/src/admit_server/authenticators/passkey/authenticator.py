"""The two ceremonies of WebAuthn Level 3: to add a passkey (section 7.1), and to show it (section 7.2)."""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from ..api import (
    Challenge,
    Context,
    Enrolled,
    Factor,
    NotMine,
    Rejected,
    StoredCredential,
    Subject,
    Verified,
)
from . import responses
from .asked import Asked, digest
from .attestation import attestation_of
from .options import creation_options, request_options
from .record import Record, read
from .responses import Response, Unfit, encoded
from .verdict import check_owner, label_of, proved, verified

if TYPE_CHECKING:
    from .verification import Shown

FIELD = "response"
# The generator of P-256 as an ES256 key. Its private key is 1, so nothing that it verifies is ever believed: it only costs the same time.
_NOBODYS_KEY = bytes.fromhex(
    "a50102032620012158206b17d1f2e12c4247f8bce6e563a440f277037d812deb33a0f4a13945d898c296"
    "2258204fe342e2fe1a7f9b8ee7eb4a7c0f9e162bce33576b315ececbb6406837bf51f5"
)

Verification = Literal["required", "preferred", "discouraged"]


class PasskeyAuthenticator:
    """Passkeys and security keys.

    Alone it asks for user verification, and names the person; beside another proof it asks for one of the person's own keys, and says what
    was really shown.

    Args:
        rp_id: The domain that passkeys are bound to; '' where there is none (an address without a name), and then nobody can use any.
        rp_name: What authenticators show.
        origins: Origins besides the server's own, such as those of apps (`android:apk-key-hash:...`).
        related_origins: Web origins that may use the same RP id (section 5.11).
        user_verification: What is asked beside another proof, and of a new passkey.
        attestation: `none`, or `required`.
        attestation_roots: Files with the makers' root certificates, PEM.
        allowed_models: AAGUIDs that may be added.

    Raises:
        ValueError: The options contradict each other.
    """

    name = "passkey"
    factors: frozenset[Factor] = frozenset({"possession", "inherence"})
    phishing_resistant = True
    contacts = False
    keeps_secrets = False
    stands_in = False

    def __init__(
        self,
        *,
        rp_id: str,
        rp_name: str = "Admit",
        origins: Sequence[str] = (),
        related_origins: Sequence[str] = (),
        user_verification: Verification = "preferred",
        attestation: str = "none",
        attestation_roots: Sequence[str | Path] = (),
        allowed_models: Sequence[str] = (),
    ) -> None:
        self.rp_id, self.rp_name = rp_id, rp_name
        self.more_origins = (*origins, *related_origins)
        self.user_verification = user_verification
        self.attestation = attestation_of(attestation, attestation_roots, allowed_models)
        self.names_the_person = bool(rp_id)
        self.most = 20 if rp_id else 0

    def usable(self, subject: Subject, credentials: Sequence[StoredCredential]) -> bool:
        """Has a passkey of this RP id."""
        return bool(self._own(credentials))

    async def begin(self, ctx: Context, subject: Subject | None, credentials: Sequence[StoredCredential]) -> Challenge:
        """Ask for a passkey.

        As the first proof no ids are listed, whoever is named: they would tell strangers who has passkeys, and of what kind
        (sections 14.6.2 and 14.6.3).
        """
        allowed = [] if ctx.first or subject is None else [record for _, record in self._own(credentials)]
        verification = self.user_verification if allowed else "required"
        challenge = ctx.entropy(32)
        asked = Asked(
            challenge=encoded(challenge),
            at=ctx.now,
            verification=verification,
            user=subject.id if subject else None,
            listed=tuple(digest(record.id) for record in allowed),
        )
        options = request_options(challenge=challenge, rp_id=self.rp_id, verification=verification, allowed=allowed)
        public = {"publicKey": options, "conditional": not allowed}
        return Challenge(kind="passkey", fields=(FIELD,), public=public, state=asked.state())

    def lookup(self, response: Mapping[str, str]) -> str | None:
        """The credential id."""
        return responses.credential_id(response.get(FIELD, ""))

    async def finish(
        self, ctx: Context, state: bytes, response: Mapping[str, str], credentials: Sequence[StoredCredential]
    ) -> Verified | Rejected | NotMine:
        """Section 7.2. Somebody unknown costs the same verification of a signature."""
        if not (text := response.get(FIELD)):
            return NotMine()
        try:
            asked = Asked.of(state, now=ctx.now, for_enrolment=False)
            given = responses.assertion(text)
            found = next(((s, r) for s, r in self._own(credentials) if r.id == given.credential_id), None)
            if found is None:
                with suppress(Unfit):
                    self._verify(ctx, asked, given, _NOBODYS_KEY)
                raise Unfit("nobody's passkey")
            stored, record = found
            check_owner(asked, given, record)
            shown = self._verify(ctx, asked, given, responses.decoded(record.key, "the stored key"))
        except Unfit as unfit:
            return Rejected(str(unfit))
        # Step 19: "If backupEligible is set, verify that currentBe is set", and the other way round.
        if shown.eligible != record.eligible:
            return Rejected("the passkey's backup eligibility has changed, which it never does")
        if (shown.count or record.count) and shown.count <= record.count:
            reason = f"possible clone: the counter is {shown.count}, and was {record.count} already"
            return Rejected(reason, suspect=stored.id)
        if ctx.first and not record.verified:
            # Section 4, uvInitialized: "the UV flag MUST NOT be relied upon as an authentication factor".
            return Rejected("this passkey was added without user verification, and can't stand alone")
        return verified(stored, record, shown, alone=ctx.first)

    async def begin_enrolment(
        self, ctx: Context, subject: Subject, credentials: Sequence[StoredCredential]
    ) -> Challenge:
        """Ask for a new passkey."""
        challenge = ctx.entropy(32)
        asked = Asked(
            challenge=encoded(challenge),
            at=ctx.now,
            verification=self.user_verification,
            user=subject.id,
            for_enrolment=True,
        )
        options = creation_options(
            challenge=challenge,
            rp_id=self.rp_id,
            rp_name=self.rp_name,
            subject=subject,
            verification=self.user_verification,
            attestation=self.attestation.conveyance,
            existing=[record for _, record in self._own(credentials)],
        )
        return Challenge(kind="passkey", fields=(FIELD,), public={"publicKey": options}, state=asked.state())

    async def finish_enrolment(
        self, ctx: Context, state: bytes, response: Mapping[str, str], credentials: Sequence[StoredCredential]
    ) -> Enrolled | Rejected | NotMine:
        """Section 7.1. The caller refuses an id that anybody has already (step 26), by `Enrolled.lookup`."""
        if not (text := response.get(FIELD)):
            return NotMine()
        from . import verification

        try:
            asked = Asked.of(state, now=ctx.now, for_enrolment=True)
            given = responses.attestation(text)
            origins = self._origins(ctx)
            challenge = responses.decoded(asked.challenge, "challenge")
            responses.check_client_data(given.client, type="webauthn.create", challenge=challenge, origins=origins)
            made = verification.verify_attestation(
                given,
                challenge=challenge,
                rp_id=self.rp_id,
                origins=origins,
                verification_required=asked.verification == "required",
                attestation=self.attestation,
            )
            if any(record.id == given.credential_id for _, record in self._own(credentials)):
                raise Unfit("this passkey was added before")
        except Unfit as unfit:
            return Rejected(str(unfit))
        record = Record(
            user=asked.user or "",
            id=given.credential_id,
            key=encoded(made.key),
            rp=self.rp_id,
            count=made.count,
            verified=made.verified,
            eligible=made.eligible,
            backed_up=made.backed_up,
            transports=given.transports,
            aaguid=made.aaguid,
            attested=made.attested,
            discoverable=given.discoverable,
            created=ctx.now,
        )
        return Enrolled(
            data=record.text(), label=label_of(given, record), lookup=record.id, proved=proved(record, made.verified)
        )

    def _own(self, credentials: Sequence[StoredCredential]) -> list[tuple[StoredCredential, Record]]:
        """Those of this RP id: the others can't be used at this address any more."""
        if not self.rp_id:
            return []
        found = [(stored, read(stored)) for stored in credentials]
        return [(stored, record) for stored, record in found if record.rp == self.rp_id]

    def _origins(self, ctx: Context) -> list[str]:
        return [ctx.issuer, *self.more_origins]

    def _verify(self, ctx: Context, asked: Asked, given: Response, key: bytes) -> "Shown":
        from . import verification

        if asked.listed and digest(given.credential_id) not in asked.listed:
            raise Unfit("the passkey is not among those that were asked for")
        origins = self._origins(ctx)
        challenge = responses.decoded(asked.challenge, "challenge")
        responses.check_client_data(given.client, type="webauthn.get", challenge=challenge, origins=origins)
        return verification.verify_assertion(
            given,
            challenge=challenge,
            rp_id=self.rp_id,
            origins=origins,
            key=key,
            verification_required=asked.verification == "required",
        )
