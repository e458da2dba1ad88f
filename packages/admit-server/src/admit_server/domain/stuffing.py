"""Credential stuffing: passwords that leaked elsewhere, tried on many accounts from many networks, once each."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class StuffingRule:
    """When it is seen.

    Attributes:
        accounts: So many different accounts and names failed from unknown devices within the window; 0: it is not looked for.
        networks: From so many different networks.
        ratio: And there are so many times more of them than accounts that signed in. People who forgot a password are fewer than
            those who did not, however many people there are.
        window_s: Within so many seconds.
        lasts_s: Tries by unknown devices stay limited for so long after it was last seen.
    """

    accounts: int = 30
    networks: int = 15
    ratio: int = 2
    window_s: int = 300
    lasts_s: int = 900


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """What one window held: different accounts that failed, networks they failed from, and different accounts that signed in."""

    failed: int
    networks: int
    signed_in: int


def is_stuffing(seen: Seen, rule: StuffingRule) -> bool:
    """Whether this is what stuffing looks like."""
    return (
        0 < rule.accounts <= seen.failed
        and seen.networks >= rule.networks
        and seen.failed >= rule.ratio * max(1, seen.signed_in)
    )
