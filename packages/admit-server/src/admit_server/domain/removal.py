"""Whether somebody may remove a way to sign in: the last one that lets them in stays."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from .journey import ACR_ONE_FACTOR, ACR_TWO_FACTORS, Means, NoWay, next_step, reaches, strongest
from .requirement import Requirement

Removal = Literal["fine", "weaker", "last"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Required:
    """What sign-ins of one person have to prove.

    Attributes:
        always: At every sign-in: the settings, and the rules of their roles.
        sometimes: For certain applications, resources or places, each together with `always`.
    """

    always: Requirement
    sometimes: tuple[Requirement, ...] = ()


def judge_removal(required: Required, *, before: tuple[Means, ...], after: tuple[Means, ...]) -> Removal:
    """What removing something does to its person.

    Recovery codes and the like count as no way: they run out, and are meant for what got lost.

    Args:
        required: What has to be proven.
        before: By what means the person can prove it.
        after: What would be left.

    Returns:
        "last": without it the person could not sign in any more, or only by what shows no factor, although now they can.
        "weaker": they could, but not everywhere, or not with two factors any more.
        "fine": anything else.
    """
    left, had = _lasting(after), _lasting(before)
    if _can(required.always, had) and not _can(required.always, left):
        return "last"
    if any(each.factors for each in had) and not any(each.factors for each in left):
        return "last"
    if any(_can(each, had) and not _can(each, left) for each in required.sometimes):
        return "weaker"
    return "fine" if reaches(two_factors_at_most(left), two_factors_at_most(had)) else "weaker"


def two_factors_at_most(means: Iterable[Means]) -> str:
    """The class that these can prove, one factor or two: whether they resist phishing besides is nobody's loss here."""
    return ACR_ONE_FACTOR if strongest(means) == ACR_ONE_FACTOR else ACR_TWO_FACTORS


def _lasting(means: tuple[Means, ...]) -> tuple[Means, ...]:
    return tuple(each for each in means if each.usable and not each.stands_in)


def _can(requirement: Requirement, means: tuple[Means, ...]) -> bool:
    return not isinstance(next_step(requirement, (), means), NoWay)
