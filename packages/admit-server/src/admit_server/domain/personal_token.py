"""Personal tokens (API keys): a person's own, for one resource, with a name, limits and an end."""

from dataclasses import dataclass

from .errors import NotAllowed
from .token_policy import DAY_S, TokenPolicy

# The built-in client to which all of them belong; it can't sign anybody in.
PERSONAL_CLIENT = "admit-personal"
NAME_MAX = 60
MOST_OF_A_PERSON = 100
DEFAULT_LIFETIME_S = 90 * DAY_S
SHORTEST_S = 60
# The person is reminded once, so long before the end.
REMIND_S = 7 * DAY_S
# When it was last used is written at most this often.
USE_NOTED_EVERY_S = 60


@dataclass(frozen=True, slots=True, kw_only=True)
class PersonalToken:
    """What is known of a personal token; its text is not. Times are seconds, UTC.

    Attributes:
        id: That of the token (`jti`).
        hint: The last four characters of its text, so that its owner finds it again.
        last_used_at: To the minute; None: never.
        last_used_from: The address that the resource told, or ''.
    """

    id: str
    grant_id: str
    user_id: str
    name: str
    hint: str
    audience: str
    scopes: frozenset[str]
    created_at: int
    expires_at: int
    last_used_at: int | None = None
    last_used_from: str = ""
    ended_at: int | None = None
    end_reason: str | None = None

    def is_alive(self, now: int) -> bool:
        """Neither ended nor over."""
        return self.ended_at is None and now < self.expires_at

    def ends_soon(self, now: int) -> bool:
        """Whether its person is to be reminded."""
        return self.is_alive(now) and now >= self.expires_at - REMIND_S


def check_name(name: str) -> str:
    """The name, without space around it.

    Raises:
        NotAllowed: Empty, longer than 60 characters, or not printable.
    """
    text = name.strip()
    if not 1 <= len(text) <= NAME_MAX or not text.isprintable():
        raise NotAllowed(f"A personal token's name has 1 to {NAME_MAX} printable characters; it says what it is for.")
    return text


def check_lifetime(lifetime_s: int, *, longest_s: int) -> int:
    """Raises:
    NotAllowed: Shorter than a minute, or longer than the server allows.
    """
    if not SHORTEST_S <= lifetime_s <= longest_s:
        raise NotAllowed(
            f"A personal token lives {SHORTEST_S} to {longest_s} seconds here ({longest_s // DAY_S} days)."
        )
    return lifetime_s


def check_policy(policy: TokenPolicy) -> None:
    """A personal token has no sign-in, no app that renews it and no key: under limits that need one it could never be used.

    Raises:
        NotAllowed: The policies that apply have such a limit.
    """
    impossible = {
        "lease": policy.lease_s is not None,
        "binding": bool(policy.binding),
        "acr": policy.acr is not None,
        "max-auth-age": policy.max_auth_age_s is not None,
    }
    if names := [name for name, is_set in impossible.items() if is_set]:
        raise NotAllowed(
            f"The policies that apply set {', '.join(names)}, which a personal token can't keep; "
            "`admit policy effective` shows which one."
        )
