"""What a route asks of a good token."""

from __future__ import annotations

from dataclasses import dataclass

from admit.principal import Principal
from admit.scope_names import police_scopes


@dataclass(frozen=True, slots=True)
class Requirement:
    """Scopes, age and strength of the sign-in. Without any of them: a good token.

    Attributes:
        scopes: All of them are needed.
        max_age_s: Seconds since the person last proved who they are (RFC 9470). None: any.
        acr: One of these classes of sign-in, best first. Empty: any.
        action: The name of what the route does, for tokens that are limited to named actions.
    """

    scopes: tuple[str, ...] = ()
    max_age_s: int | None = None
    acr: tuple[str, ...] = ()
    action: str | None = None

    def check(self, who: Principal) -> None:
        """Go on only if the token of `who` has all of it.

        Raises:
            InsufficientScope: A scope is missing.
            StepUpRequired: The sign-in is too old or too weak.
        """
        if self.scopes:
            who.require(*self.scopes)
        if self.max_age_s is not None:
            who.require_recent_sign_in(self.max_age_s)
        if self.acr:
            who.require_acr(*self.acr)


GOOD_TOKEN = Requirement()


def require(
    *scopes: str,
    max_age: int | None = None,
    acr: str | tuple[str, ...] | None = None,
    action: str | None = None,
) -> Requirement:
    """Return a requirement.

    Args:
        scopes: All of them are needed.
        max_age: Seconds since the person last proved who they are (RFC 9470).
        acr: A class of sign-in, or several of which one will do, best first.
        action: The name of what the route does, for tokens that are limited to named actions.

    Raises:
        ValueError: A scope that no token can have, or an age that is no number of seconds.
    """
    police_scopes(*scopes)
    if max_age is not None and (isinstance(max_age, bool) or not isinstance(max_age, int) or max_age < 0):
        raise ValueError(f"max_age is a whole number of seconds, 0 or more; got {max_age!r}")
    classes = (acr,) if isinstance(acr, str) else tuple(acr or ())
    return Requirement(scopes, max_age, classes, action)
