"""People: user names, roles, and the rules for passwords."""

import re
import unicodedata
from dataclasses import dataclass
from itertools import pairwise

from .errors import NotAllowed

USERNAME_MAX = 64
PASSWORD_MIN_ALONE = 15
PASSWORD_MIN_WITH_SECOND = 8
PASSWORD_MAX = 1024
# Letters and marks that show nothing (Default_Ignorable_Code_Point, Unicode 15 DerivedCoreProperties): with one of them two
# accounts would look alike. The format characters among them are refused by their category.
_INVISIBLE = re.compile("[\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u3164\ufe00-\ufe0f\uffa0\U000e0100-\U000e01ef]")
_ROLE = re.compile(r"[a-z][a-z0-9_.:-]{0,63}\Z")


@dataclass(frozen=True, slots=True, kw_only=True)
class User:
    """A person. `id` is the `sub` of every token; times are seconds, UTC."""

    id: str
    username: str
    email: str | None
    roles: tuple[str, ...]
    created_at: int
    updated_at: int
    disabled_at: int | None = None


def username_key(username: str) -> str:
    """The form in which user names are compared: compatibility-composed and case-folded.

    So that "Alice", "alice" and full-width "ａｌｉｃｅ" are one account (in the sense of RFC 8265 section 3.3, UsernameCaseMapped).
    """
    return unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", username).casefold())


def check_username(username: str) -> str:
    """Return the user name, composed (NFC).

    Raises:
        NotAllowed: Empty, over 64 characters, or with spaces, control or unassigned characters.
    """
    name = unicodedata.normalize("NFC", username)
    if not 1 <= len(name) <= USERNAME_MAX:
        raise NotAllowed(f"A user name has 1 to {USERNAME_MAX} characters, this one has {len(name)}.")
    if any(unicodedata.category(c)[0] in "CZ" or _INVISIBLE.match(c) for c in name):
        raise NotAllowed("A user name has no spaces, control or invisible characters.")
    return name


def check_role(role: str) -> str:
    """Return the role.

    Raises:
        NotAllowed: Not a lower-case word of letters, digits and `_.:-`.
    """
    if not _ROLE.match(role):
        raise NotAllowed(f"A role is a lower-case word such as 'admin' or 'billing:read', not {role!r}.")
    return role


def check_new_password(password: str, *, username: str, has_second_factor: bool = False) -> str:
    """Return the password as it is hashed (NFC, NIST SP 800-63B-4 section 3.1.1.2).

    No composition rules: length and a list of what everybody tries. 15 characters where it is the only proof, 8 beside a second one.

    Raises:
        NotAllowed: Too short, too long, made of one repeated piece, or what everybody tries first.
    """
    text = normalize_password(password)
    least = PASSWORD_MIN_WITH_SECOND if has_second_factor else PASSWORD_MIN_ALONE
    if len(text) < least:
        raise NotAllowed(
            f"A password has at least {least} characters; a few words in a row are good. This one has {len(text)}."
        )
    if len(text) > PASSWORD_MAX:
        raise NotAllowed(f"A password has at most {PASSWORD_MAX} characters.")
    folded = text.casefold()
    if (
        _is_repeated(folded)
        or _is_run(folded)
        or any(piece in folded and len(folded) - len(piece) < 4 for piece in _COMMON)
    ):
        raise NotAllowed("This password is among the first that everybody tries. Take a few words of your own.")
    key = username_key(username)
    if len(key) >= 4 and folded.replace(key, "") == "":
        raise NotAllowed("The password is only the user name. Take a few words of your own.")
    return text


def normalize_password(password: str) -> str:
    """The form in which passwords are hashed and compared: NFC, so that one keyboard's accents equal another's."""
    return unicodedata.normalize("NFC", password)


def _is_repeated(text: str) -> bool:
    return any(text == (text[:n] * (len(text) // n + 1))[: len(text)] for n in range(1, min(6, len(text) // 2) + 1))


def _is_run(text: str) -> bool:
    steps = {ord(b) - ord(a) for a, b in pairwise(text)}
    return steps in ({1}, {-1})


_COMMON = (
    "correcthorsebatterystaple", "correct horse battery staple", "passwordpassword", "password12345678", "1234567890123456",
    "123456789012345", "qwertyuiopasdfgh", "qwertyuiop123456", "iloveyouiloveyou", "administrator", "letmeinletmein",
    "thisismypassword", "mypasswordispassword", "changemechangeme", "trustno1trustno1", "passwordpassword1", "q1w2e3r4t5y6u7i8",
    "1q2w3e4r5t6y7u8i", "zaq12wsxcde34rfv", "asdfghjklasdfghjkl", "zxcvbnmasdfghjkl", "qwertyuiopasdfghjkl", "welcome123456789",
)  # fmt: skip
