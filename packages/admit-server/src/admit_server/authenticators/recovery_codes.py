"""Ten codes on paper, each good once, for the day when everything else is lost.

They are look-up secrets in the words of NIST SP 800-63B-4 section 3.1.2, "something you have". Section 3.1.2.2 wants those of less
than 112 bits "stored in a salted and hashed form using a suitable password hashing scheme". A code that people can type from paper has
less (these have 55 bits), so each is kept as a slow hash like a password: whoever reads the database needs 2^55 slow hashes for one.
The first letter of a code tells which of the ten it is, so that a try costs one such hash, and not ten; it is the same one hash for
whoever has no codes. The text is not sealed, for nothing in it can be used to sign in.
"""

import json
import unicodedata
from collections.abc import Mapping, Sequence

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

# Crockford's base 32: no letter that looks like a digit, and no U, so that hardly a word appears.
_ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_MEANT = str.maketrans({"O": "0", "I": "1", "L": "1"})
# One letter for each code of a set, in the order of the list.
_MARKS = "ABCDEFGHJK"
_RANDOM_LETTERS = 11
_GROUP = 4
LONGEST = 64
# What the box on the page sends.
KEPT = "kept"


class RecoveryCodesAuthenticator(Base):
    """One-time codes to keep on paper. A new set replaces the old one."""

    name = "recovery_codes"
    factors = frozenset({"possession"})
    stands_in = True
    # A second set may be begun, since it replaces the first.
    most = 2

    def usable(self, subject: Subject, credentials: Sequence[StoredCredential]) -> bool:
        """Has a code that was not used."""
        return any(_unused(stored) for stored in credentials)

    def describe(self, credential: StoredCredential) -> Mapping[str, object]:
        """How many are left, of how many, and the first letters of those."""
        unused = _unused(credential)
        return {"left": len(unused), "of": len(_MARKS), "unused": unused}

    async def begin(self, ctx: Context, subject: Subject | None, credentials: Sequence[StoredCredential]) -> Challenge:
        """Ask for one of the codes."""
        return Challenge(kind="recovery_code", fields=("recovery_code",))

    async def finish(
        self, ctx: Context, state: bytes, response: Mapping[str, str], credentials: Sequence[StoredCredential]
    ) -> Verified | Rejected | Pending | NotMine:
        """Compare with the one hash that the code's first letter points at."""
        if (given := response.get("recovery_code")) is None:
            return NotMine()
        mark, rest = _parts(given)
        stored = credentials[0] if credentials else None
        hashes = _hashes(stored) if stored else {}
        good = await ctx.verify_hash(hashes.get(mark), rest)
        if stored is None:
            return Rejected("no recovery codes, or no such user")
        if not good:
            used = mark != "" and hashes.get(mark) is None
            return Rejected("a recovery code that was used" if used else "wrong recovery code")
        left = _written(hashes | {mark: None})
        update = CredentialUpdate(id=stored.id, data=left, version=stored.version, needed=True)
        # RFC 8176 section 2 has no value of its own for codes on paper; "otp" is a one-time password of any kind.
        return Verified(amr=("otp",), used=stored.id, credential_updates=(update,))

    async def begin_enrolment(
        self, ctx: Context, subject: Subject, credentials: Sequence[StoredCredential]
    ) -> Challenge:
        """Show a new set. Nothing is stored yet, and an old set stays good."""
        codes = [_grouped(mark + _random(ctx)) for mark in _MARKS]
        left = sum(len(_unused(stored)) for stored in credentials)
        return self.redraw(ctx, subject, json.dumps({"codes": codes, "left": left}).encode())

    def redraw(self, ctx: Context, subject: Subject, state: bytes) -> Challenge:
        """The same set once more."""
        public = json.loads(state) | {"of": len(_MARKS)}
        return Challenge(kind="recovery_codes", fields=("recovery_codes",), public=public, state=state)

    async def finish_enrolment(
        self, ctx: Context, state: bytes, response: Mapping[str, str], credentials: Sequence[StoredCredential]
    ) -> Enrolled | Rejected | NotMine:
        """The person says that they have kept the codes. From now on these are good, and shown never again."""
        if (given := response.get("recovery_codes")) is None:
            return NotMine()
        if given != KEPT:
            return Rejected("the person did not say that the codes are kept")
        parts = [_parts(code) for code in json.loads(state)["codes"]]
        hashes: dict[str, str | None] = {mark: await ctx.make_hash(rest) for mark, rest in parts}
        return Enrolled(data=_written(hashes), label="Recovery codes", replaces=True)


def _random(ctx: Context) -> str:
    number = int.from_bytes(ctx.entropy((_RANDOM_LETTERS * 5 + 7) // 8))
    return "".join(_ALPHABET[number >> 5 * place & 31] for place in range(_RANDOM_LETTERS))


def _grouped(code: str) -> str:
    return "-".join(code[at : at + _GROUP] for at in range(0, len(code), _GROUP))


def _parts(given: str) -> tuple[str, str]:
    """The first letter and the rest, as they were meant: any case, blanks and hyphens, O for 0, I and L for 1. Empty for anything else."""
    if len(given) > LONGEST:
        return "", ""
    plain = unicodedata.normalize("NFKC", given).upper().translate(_MEANT)
    code = "".join(c for c in plain if not c.isspace() and c not in "-‐‑–—")
    if len(code) != 1 + _RANDOM_LETTERS or not set(code) <= set(_ALPHABET) or code[0] not in _MARKS:
        return "", ""
    return code[0], code[1:]


def _hashes(stored: StoredCredential) -> dict[str, str | None]:
    hashes: dict[str, str | None] = json.loads(stored.data)
    return hashes


def _written(hashes: Mapping[str, str | None]) -> str:
    return json.dumps(hashes)


def _unused(stored: StoredCredential) -> list[str]:
    return [mark for mark, kept in _hashes(stored).items() if kept is not None]
