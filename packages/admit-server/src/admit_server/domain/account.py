"""What people may do with their own accounts, and how recently they must have proved who they are."""

from dataclasses import dataclass

from .session import Session


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountRules:
    """Of the settings.

    Attributes:
        fresh_s: For acts that a thief of an open session must not do, the sign-in is at most so old (seconds).
        may_delete: Whether people may delete their own accounts.
    """

    fresh_s: int = 600
    may_delete: bool = True


class SignInTooOld(Exception):
    """The act needs a fresh sign-in: the person is led to prove it again, and back."""


def is_fresh(session: Session, rules: AccountRules, *, now: int) -> bool:
    """Whether the sign-in behind a session is fresh enough for what changes the account."""
    return now - session.auth_time <= rules.fresh_s


def require_fresh(session: Session, rules: AccountRules, *, now: int) -> None:
    """ASVS 5.0 7.5.1 to 7.5.3: full re-authentication before changes that affect authentication.

    Raises:
        SignInTooOld: It is older than the settings allow.
    """
    if not is_fresh(session, rules, now=now):
        raise SignInTooOld
