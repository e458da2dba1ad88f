"""People: user names, roles, and the form of passwords."""

import re
import unicodedata
from dataclasses import dataclass

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
    """A person. `id` is the `sub` of every token; `email` is the main address; times are seconds, UTC."""

    id: str
    username: str
    email: str | None
    roles: tuple[str, ...]
    created_at: int
    updated_at: int
    disabled_at: int | None = None
    email_verified: bool = False


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


def normalize_password(password: str) -> str:
    """The form in which passwords are hashed and compared: NFC, so that one keyboard's accents equal another's."""
    return unicodedata.normalize("NFC", password)
