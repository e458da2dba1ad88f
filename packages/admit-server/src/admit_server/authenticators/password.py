"""Password against user name."""

import unicodedata
from collections.abc import Mapping, Sequence

from .api import (
    Base,
    Challenge,
    Context,
    CredentialUpdate,
    NotMine,
    Pending,
    Rejected,
    StoredCredential,
    Subject,
    Verified,
)

LONGEST = 1024


class PasswordAuthenticator(Base):
    """Compares with a slow hash, and hashes anew where the parameters have changed since."""

    name = "password"
    factors = frozenset({"knowledge"})

    async def begin(self, ctx: Context, subject: Subject | None, credentials: Sequence[StoredCredential]) -> Challenge:
        """Ask for user name and password."""
        return Challenge(kind="password", fields=("username", "password"))

    async def finish(
        self, ctx: Context, state: bytes, response: Mapping[str, str], credentials: Sequence[StoredCredential]
    ) -> Verified | Rejected | Pending | NotMine:
        """Verify the password. Somebody without a password, or nobody at all, costs the same hash."""
        password = response.get("password")
        if password is None:
            return NotMine()
        stored = credentials[0] if credentials else None
        # A password beyond the limit can't be anybody's; a short stand-in keeps the work the same. NFC as when it was set: one
        # keyboard's accents equal another's (NIST SP 800-63B-4 section 3.1.1.2).
        text = unicodedata.normalize("NFC", password) if len(password) <= LONGEST else ""
        good = await ctx.verify_hash(stored.data if stored else None, text)
        if stored is None:
            return Rejected("no password set, or no such user")
        if not good or len(password) > LONGEST:
            return Rejected("wrong password")
        if not ctx.needs_rehash(stored.data):
            return Verified(amr=("pwd",))
        update = CredentialUpdate(id=stored.id, data=await ctx.make_hash(text), version=stored.version)
        return Verified(amr=("pwd",), credential_updates=(update,))
