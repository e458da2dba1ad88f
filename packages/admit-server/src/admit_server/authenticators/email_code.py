"""A code, or a link, by mail: whoever signs in can read what comes to a verified address of the account.

It counts towards no factor: NIST SP 800-63B-4 section 3.1.3.1 forbids e-mail for out-of-band authentication, since reading mail may
need nothing but a password. Ask for it beside other proofs, or where nothing weighs much.
"""

import hmac
from collections.abc import Mapping, Sequence

from .api import Base, Challenge, Context, Message, NotMine, Pending, Rejected, StoredCredential, Subject, Verified

DIGITS = 8
# OWASP ASVS 5.0, 6.5.5: "Out of band requests must have a maximum lifetime of 10 minutes".
LIVES_S = 600
_LINK_BYTES, _SALT_BYTES, _TIME_BYTES, _MAC_BYTES = 32, 16, 8, 32


class EmailCodeAuthenticator(Base):
    """Eight digits, and a link that works in the same browser.

    The state holds only keyed hashes, so a sign-in that is carried by the browser does not carry its code. It is bound to the person,
    the browser and the sign-in by the caller, which seals it.

    Args:
        link: Whether mails hold a link beside the code.
    """

    name = "email_code"
    contacts = True

    def __init__(self, *, link: bool = True) -> None:
        self._link = link

    def usable(self, subject: Subject, credentials: Sequence[StoredCredential]) -> bool:
        """Has a verified address."""
        return bool(subject.addresses)

    async def begin(self, ctx: Context, subject: Subject | None, credentials: Sequence[StoredCredential]) -> Challenge:
        """Send a mail to the main address. For nobody it does the same work, and the mail goes nowhere."""
        address = subject.addresses[0] if subject is not None and subject.addresses else ""
        # Eight bytes: so evenly spread that no code is likelier than another by 1 in 10^11.
        code = f"{int.from_bytes(ctx.entropy(8), 'big') % 10**DIGITS:0{DIGITS}}"
        secret, salt = ctx.entropy(_LINK_BYTES).hex(), ctx.entropy(_SALT_BYTES)
        until = (ctx.now + LIVES_S).to_bytes(_TIME_BYTES, "big")
        parts = [ctx.mac(salt + until + kind + text.encode()) for kind, text in ((b"code", code), (b"link", secret))]
        if not address:
            parts = [ctx.entropy(_MAC_BYTES) for _ in parts]  # nothing opens it
        if ctx.send is not None:
            link = ctx.link(secret) if self._link and ctx.link is not None else ""
            values = {"code": f"{code[:4]} {code[4:]}", "link": link, "minutes": str(LIVES_S // 60)}
            await ctx.send(Message(to=address, template="code", values=values))
        return Challenge(
            kind="email_code",
            fields=("email_code",),
            # Where it went is told to nobody who has proven nothing yet: it would tell which names there are.
            public={"digits": DIGITS, "minutes": LIVES_S // 60} | ({} if ctx.first else {"to": _masked(address)}),
            state=salt + until + b"".join(parts),
        )

    async def finish(
        self, ctx: Context, state: bytes, response: Mapping[str, str], credentials: Sequence[StoredCredential]
    ) -> Verified | Rejected | Pending | NotMine:
        """Compare with the code or the link that was mailed for this very sign-in."""
        code, secret = response.get("email_code"), response.get("link")
        if code is None and secret is None:
            return NotMine()
        if len(state) != _SALT_BYTES + _TIME_BYTES + 2 * _MAC_BYTES:
            return Rejected("no mail was sent for this sign-in")
        head, macs = state[: _SALT_BYTES + _TIME_BYTES], state[_SALT_BYTES + _TIME_BYTES :]
        if code is not None:
            given, wanted = b"code" + _digits_of(code), macs[:_MAC_BYTES]
        else:
            given, wanted = b"link" + (secret or "")[: 2 * _LINK_BYTES].encode(), macs[_MAC_BYTES:]
        good = hmac.compare_digest(ctx.mac(head + given), wanted)
        if ctx.now >= int.from_bytes(head[_SALT_BYTES:], "big"):
            return Rejected("the code has expired")
        if not good:
            return Rejected("wrong code" if code is not None else "wrong link")
        # Not among the values of RFC 8176, whose `otp` stands for RFC 4226 and RFC 6238.
        return Verified(amr=("email",), factors=frozenset())


def _digits_of(text: str) -> bytes:
    """What was typed, without the gaps that people type along; nothing but digits is ever compared."""
    code = "".join(text[:64].split()).replace("-", "")
    return code.encode() if code.isascii() and code.isdigit() and len(code) == DIGITS else b""


def _masked(address: str) -> str:
    local, _, host = address.rpartition("@")
    return f"{local[:1]}…@{host}" if address else ""
