"""Which passwords people may choose (NIST SP 800-63B-4 section 3.1.1.2): long enough, and not what everybody tries.

There are no rules of composition, no hints and no expiry. "The entire password SHALL be subject to comparison, not substrings": a common
word inside a long password is no fault; a password that is nothing but common pieces is.
"""

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from itertools import pairwise

from .errors import NotAllowed
from .user import PASSWORD_MAX, PASSWORD_MIN_ALONE, PASSWORD_MIN_WITH_SECOND, normalize_password, username_key

# Shorter words of the context are in too many good passwords.
CONTEXT_LEAST = 4
# So few letters more make nothing new of what everybody knows.
MOST_ADDED = 4
# Two of the list in a row are no longer than this.
LONGEST_PAIR = 64
_NO_LETTERS = re.compile(r"[\W\d_]+")
_WORDS = re.compile(r"[^\W_]+")

_COMMON = "This password is among the first that everybody tries. Take a few words of your own."
_CONTEXT = (
    "This password is little more than a name that belongs to you or to this service. Take a few words of your own."
)


@dataclass(frozen=True, slots=True)
class CommonPasswords:
    """What everybody tries, folded to lower case: all of them, and the `top` ones of which people put longer passwords together."""

    top: frozenset[str] = frozenset()
    all: frozenset[str] = frozenset()


def _no_list() -> CommonPasswords:
    return CommonPasswords()


@dataclass(frozen=True, slots=True, kw_only=True)
class PasswordRules:
    """The rules of an installation.

    Attributes:
        context: Words that everybody connects with the service: its name and host, its makers; lower case.
        common: Gives the list; called when a password is to be judged.
    """

    context: frozenset[str] = frozenset()
    common: Callable[[], CommonPasswords] = field(default=_no_list, compare=False)

    def check(self, password: str, *, username: str, email: str | None = None, has_second_factor: bool = False) -> str:
        """Return the password as it is hashed (NFC).

        15 characters where it is the only proof, 8 beside a second one; each code point is one.

        Raises:
            NotAllowed: Too short, too long, what everybody tries, or little more than the names of person and service. The text gives the
                reason, never the password.
        """
        text = normalize_password(password)
        least = PASSWORD_MIN_WITH_SECOND if has_second_factor else PASSWORD_MIN_ALONE
        if len(text) < least:
            raise NotAllowed(
                f"A password has at least {least} characters; a few words in a row are good. This one has {len(text)}."
            )
        if len(text) > PASSWORD_MAX:
            raise NotAllowed(f"A password has at most {PASSWORD_MAX} characters.")
        folded, common = text.casefold(), self.common()
        if _is_repeated(folded) or _is_run(folded) or _is_common(folded, common):
            raise NotAllowed(_COMMON)
        names = {username_key(username), *words_of(username), *words_of((email or "").partition("@")[0]), *self.context}
        if _is_of_names(folded, names, common):
            raise NotAllowed(_CONTEXT)
        return text


def words_of(name: str) -> frozenset[str]:
    """The words of a name or host, without those that are too short to matter."""
    return frozenset(word for word in _WORDS.findall(name.casefold()) if len(word) >= CONTEXT_LEAST)


def _is_common(folded: str, common: CommonPasswords) -> bool:
    """One of the list, or two of its top ones in a row, also with a few digits or signs around it."""
    bare = "".join(folded.split())
    if folded in common.all:
        return True
    for before in range(MOST_ADDED + 1):
        for after in range(MOST_ADDED + 1 - before):
            core = bare[before : len(bare) - after]
            added = bare[:before] + bare[len(bare) - after :]
            if not any(c.isalpha() for c in added) and _is_listed(core, common):
                return True
    return False


def _is_listed(core: str, common: CommonPasswords) -> bool:
    if core in common.all:
        return True
    return len(core) <= LONGEST_PAIR and any({core[:cut], core[cut:]} <= common.top for cut in range(1, len(core)))


def _is_of_names(folded: str, names: Iterable[str], common: CommonPasswords) -> bool:
    rest = folded
    for name in sorted((name for name in names if len(name) >= CONTEXT_LEAST), key=len, reverse=True):
        rest = rest.replace(name, " ")
    if rest == folded:
        return False
    left = _NO_LETTERS.sub("", rest)
    return len(left) < MOST_ADDED or left in common.top


def _is_repeated(text: str) -> bool:
    return any(text == (text[:n] * (len(text) // n + 1))[: len(text)] for n in range(1, min(6, len(text) // 2) + 1))


def _is_run(text: str) -> bool:
    # After 9 comes 0, as on a keyboard.
    cycle = 10 if text.isdecimal() else 1 << 21
    steps = {(ord(b) - ord(a)) % cycle for a, b in pairwise(text)}
    return steps in ({1}, {cycle - 1})
