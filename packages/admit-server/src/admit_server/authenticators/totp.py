"""Codes of an app or a small device that shows six digits, new every 30 s (TOTP, RFC 6238).

A step is good once, and no step before it is good after it: RFC 6238 section 5.2, "The verifier MUST NOT accept the second attempt
of the OTP after the successful validation has been issued for the first OTP." The step stands in the credential, and the proof is
good only if the update that writes it wins.
"""

import base64
import hmac
import json
import unicodedata
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from urllib.parse import quote, urlencode, urlsplit

import segno
from cryptography.hazmat.primitives.hashes import SHA1, SHA256, SHA512
from cryptography.hazmat.primitives.twofactor.hotp import HOTP

from .api import (
    Base,
    Challenge,
    Context,
    CredentialUpdate,
    Enrolled,
    NotMine,
    Pending,
    Rejected,
    StoredCredential,
    Subject,
    Verified,
)

# RFC 4226 section 4, R6: "This document RECOMMENDs a shared secret length of 160 bits."
SECRET_BYTES = 20
# RFC 6238 section 5.2 recommends a step of 30 s, and one step for the time on the way; one more for clocks that run ahead.
PERIOD_S = 30
STEPS_AROUND = (0, -1, 1)
LONGEST = 32
_HASHES: dict[str, Callable[[], SHA1 | SHA256 | SHA512]] = {"SHA1": SHA1, "SHA256": SHA256, "SHA512": SHA512}
# The quiet zone of a QR code is four modules wide (ISO/IEC 18004).
_QUIET = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class Device:
    """One app or device, as it was enrolled. `step`: the last one that was accepted."""

    secret: bytes = field(repr=False)
    algorithm: str = "SHA1"
    digits: int = 6
    step: int = -1

    @classmethod
    def read(cls, data: str) -> "Device":
        """From the text of a credential.

        Raises:
            ValueError: The text is not one of ours.
        """
        values = json.loads(data)
        return cls(**(values | {"secret": base64.b32decode(values["secret"])}))

    def written(self) -> str:
        """The text to store."""
        return json.dumps(asdict(self) | {"secret": base64.b32encode(self.secret).decode()})

    def step_of(self, code: str, *, now: int) -> int | None:
        """The newest step around now whose code this is; None for none. It is good if it is later than the last one.

        Args:
            code: Digits.
            now: Seconds, UTC.
        """
        hotp = HOTP(self.secret, self.digits, _HASHES[self.algorithm](), enforce_key_length=False)
        found = None
        for around in STEPS_AROUND:  # to the end: how long it takes does not tell which step it was
            step = max(now // PERIOD_S + around, 0)
            same = hmac.compare_digest(hotp.generate(step), code.encode())
            if same:
                found = step if found is None else max(found, step)
        return found


class TotpAuthenticator(Base):
    """Time-based codes.

    Args:
        issuer: The name that apps show beside the code; empty: the host name of the server.
        algorithm: SHA1, which every app knows; SHA256 and SHA512 only for devices that are known to know them.
        digits: 6 or 8.
    """

    name = "totp"
    # NIST SP 800-63B-4 section 3.1.4: a single-factor OTP authenticator is "something you have".
    factors = frozenset({"possession"})
    keeps_secrets = True
    most = 5

    def __init__(self, *, issuer: str = "", algorithm: str = "SHA1", digits: int = 6) -> None:
        if algorithm not in _HASHES:
            raise ValueError(f"algorithm {algorithm!r} has to be one of {', '.join(_HASHES)}")
        if digits not in (6, 8):
            raise ValueError(f"digits {digits!r} has to be 6 or 8")
        self._issuer = issuer
        self._algorithm, self._digits = algorithm, digits

    async def begin(self, ctx: Context, subject: Subject | None, credentials: Sequence[StoredCredential]) -> Challenge:
        """Ask for the code that the app shows."""
        return Challenge(kind="totp", fields=("totp",), public={"digits": self._digits})

    async def finish(
        self, ctx: Context, state: bytes, response: Mapping[str, str], credentials: Sequence[StoredCredential]
    ) -> Verified | Rejected | Pending | NotMine:
        """Compare with the codes of now, of the step before and of the next, for every device of the person."""
        if (given := response.get("totp")) is None:
            return NotMine()
        code = _digits_of(given)
        found: tuple[StoredCredential, Device] | None = None
        was_used = False
        # As many devices for everybody: nobody learns from the time whether there is one, or how many.
        nobody = Device(secret=bytes(SECRET_BYTES))
        for index in range(max(self.most, len(credentials))):
            stored = credentials[index] if index < len(credentials) else None
            device = Device.read(stored.data) if stored else nobody
            step = device.step_of(code, now=ctx.now)
            if stored is None or step is None or len(code) != device.digits:
                continue
            if step <= device.step:
                was_used = True
            elif found is None:
                found = stored, replace(device, step=step)
        if found is None:
            wrong = "a code of an app that was used, or one before it" if was_used else "wrong code of an app"
            return Rejected(wrong if credentials else "no app set up, or no such user")
        stored, device = found
        update = CredentialUpdate(id=stored.id, data=device.written(), version=stored.version, needed=True)
        # RFC 8176 section 2: "otp" is for RFC 4226 and RFC 6238.
        return Verified(amr=("otp",), used=stored.id, credential_updates=(update,))

    async def begin_enrolment(
        self, ctx: Context, subject: Subject, credentials: Sequence[StoredCredential]
    ) -> Challenge:
        """Show a new secret: as a QR code, as an address for apps on the same device, and as text to type."""
        return self.redraw(ctx, subject, base64.b32encode(ctx.entropy(SECRET_BYTES)))

    def redraw(self, ctx: Context, subject: Subject, state: bytes) -> Challenge:
        """The same secret once more."""
        secret = state.decode()
        uri = self._uri(secret, subject=subject, server=ctx.issuer)
        size, path = qr_path(uri)
        shown = {
            "digits": self._digits,
            "uri": uri,
            "secret": " ".join(secret[at : at + 4] for at in range(0, len(secret), 4)),
            "qr_size": size,
            "qr_path": path,
        }
        return Challenge(kind="totp", fields=("totp",), public=shown, state=state)

    async def finish_enrolment(
        self, ctx: Context, state: bytes, response: Mapping[str, str], credentials: Sequence[StoredCredential]
    ) -> Enrolled | Rejected | NotMine:
        """One right code shows that the app has the secret, and how its clock goes. That code is used up by it."""
        if (given := response.get("totp")) is None:
            return NotMine()
        device = Device(secret=base64.b32decode(state), algorithm=self._algorithm, digits=self._digits)
        code = _digits_of(given)
        step = device.step_of(code, now=ctx.now)
        if step is None:
            return Rejected("wrong code")
        proved = Verified(amr=("otp",))
        return Enrolled(data=replace(device, step=step).written(), label="Authenticator app", proved=proved)

    def _uri(self, secret: str, *, subject: Subject, server: str) -> str:
        """The address that apps read (the "Key Uri Format" of Google Authenticator, which all of them follow)."""
        # Neither part of a label may hold a colon, which stands between them.
        issuer = (self._issuer or urlsplit(server).hostname or "Admit").replace(":", " ")
        account = subject.username.replace(":", " ")
        values = {"secret": secret, "issuer": issuer}
        if self._algorithm != "SHA1":
            values["algorithm"] = self._algorithm
        if self._digits != 6:
            values["digits"] = str(self._digits)
        # Blanks as %20: many apps show a + as it stands.
        return f"otpauth://totp/{quote(issuer)}:{quote(account)}?{urlencode(values, quote_via=quote)}"


def qr_path(text: str) -> tuple[int, str]:
    """A QR code as the path of an SVG, to be stroked one unit wide; a page needs no inline style and no raw markup for it.

    Returns:
        The width and height of the drawing with its quiet zone, in modules, and the `d` of the path.
    """
    code = segno.make_qr(text, error="m")
    rows = [bytes(row) for row in code.matrix_iter(border=_QUIET)]
    parts = []
    for y, row in enumerate(rows):
        x, at = 0, None
        while (x := row.find(1, x)) >= 0:
            end = row.find(0, x)  # the quiet zone ends every run
            # From the end of the run before, in the same row: a page is to stay small.
            parts.append(f"M{x} {y}.5h{end - x}" if at is None else f"m{x - at} 0h{end - x}")
            x = at = end
    return len(rows), "".join(parts)


def _digits_of(text: str) -> str:
    """The digits as people type them: with blanks or hyphens between, or in the wide form of East Asian keyboards."""
    if len(text) > LONGEST:
        return ""
    kept = "".join(c for c in unicodedata.normalize("NFKC", text) if not c.isspace() and c != "-")
    return kept if kept.isascii() and kept.isdigit() else ""
