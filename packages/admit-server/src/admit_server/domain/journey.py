"""Journeys: which proofs a sign-in needs, which step comes next, and how strong it is in the end."""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from itertools import combinations

from .requirement import AllOf, Requirement, is_met, names_of
from .token_policy import ACR_ORDER, TokenPolicy

# RFC 8176 names what was used; the acr values are ours, in the documentation.
ACR_ONE_FACTOR, ACR_TWO_FACTORS, ACR_PHISHING_RESISTANT = ACR_ORDER
# More ways to sign in than that are not tried together.
_MOST_STEPS = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class Means:
    """One authenticator, as journeys see it, for one person.

    Attributes:
        factors: The kinds of factors that it shows (NIST SP 800-63B-4 section 2: knowledge, possession, inherence).
        usable: The person can give this proof now.
        enrollable: The person could set it up now.
        stands_in: It may stand in for another proof of possession that got lost, beside a proof of another kind.
    """

    name: str
    factors: frozenset[str] = frozenset()
    phishing_resistant: bool = False
    usable: bool = True
    enrollable: bool = False
    stands_in: bool = False


@dataclass(frozen=True, slots=True)
class Proof:
    """One proof that was given: by which authenticator, when, its `amr` values (RFC 8176), and what it showed."""

    authenticator: str
    at: int
    amr: tuple[str, ...]
    factors: frozenset[str] = frozenset()
    phishing_resistant: bool = False


@dataclass(frozen=True, slots=True)
class Ask:
    """The next step: ask for this proof. `others` would lead on as well. `enrol`: the person has to set it up first."""

    authenticator: str
    others: tuple[str, ...] = ()
    enrol: bool = False


@dataclass(frozen=True, slots=True)
class Complete:
    """All that is required was proven."""

    auth_time: int
    amr: tuple[str, ...]
    acr: str


@dataclass(frozen=True, slots=True)
class NoWay:
    """What is required can't be proven with what the person has set up; `missing` names what would help."""

    missing: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Freshness:
    """How recent the sign-in must be (OpenID Connect Core section 3.1.2.1)."""

    prompt: frozenset[str] = frozenset()
    max_age_s: int | None = None


def acr_of(shown: Iterable[tuple[frozenset[str], bool]]) -> str:
    """The class of a sign-in, from the factors of its proofs and whether each resists phishing.

    Two kinds of factors are two factors (NIST SP 800-63B-4 section 2.2.1); a second password is none.
    """
    kinds: set[str] = set()
    resistant = False
    for factors, resists in shown:
        kinds |= factors
        resistant = resistant or resists
    if len(kinds) < 2:
        return ACR_ONE_FACTOR
    return ACR_PHISHING_RESISTANT if resistant else ACR_TWO_FACTORS


def reaches(acr: str, wanted: str) -> bool:
    """Whether a sign-in of class `acr` will do where `wanted` is asked for: the same, or a stronger one of ours."""
    if acr == wanted:
        return True
    return acr in ACR_ORDER and wanted in ACR_ORDER and ACR_ORDER.index(acr) > ACR_ORDER.index(wanted)


def strong_enough(acr: str, *, acr_values: tuple[str, ...] = (), policy: TokenPolicy | None = None) -> bool:
    """Whether a sign-in is of one of the classes asked for, if any were, and as strong as the policy wants.

    RFC 9470 section 5: the server SHOULD take a requested class as necessary.
    """
    asked = not acr_values or any(reaches(acr, wanted) for wanted in acr_values)
    return asked and (policy is None or policy.acr is None or reaches(acr, policy.acr))


def needed_acr(acr_values: tuple[str, ...], policy: TokenPolicy | None = None) -> str:
    """The weakest class of ours that `strong_enough` takes."""
    fitting = (acr for acr in ACR_ORDER if strong_enough(acr, acr_values=acr_values, policy=policy))
    return next(fitting, ACR_PHISHING_RESISTANT)


def strongest(means: Iterable[Means]) -> str:
    """What a sign-in can prove at most with all of these."""
    return acr_of((each.factors, each.phishing_resistant) for each in means)


def next_step(
    requirement: Requirement,
    proofs: tuple[Proof, ...],
    means: tuple[Means, ...],
    *,
    acr: str = ACR_ONE_FACTOR,
    may_enrol: bool = False,
) -> Ask | Complete | NoWay:
    """Decide the next step from what was proven so far: the first of a shortest way.

    Args:
        requirement: What has to be proven.
        proofs: What was proven.
        means: The authenticators of this server, in the order in which people should be asked.
        acr: The least class that the sign-in has to reach.
        may_enrol: The person may set up what is missing, once they proved as much as they can.
    """
    if proofs and _enough(requirement, proofs, (), means, acr):
        return complete(proofs)
    usable = frozenset(each.name for each in means if each.usable)
    # Nearly all sign-ins begin alike: what is asked first is worked out once.
    ask = _shortest(requirement, proofs, means, usable, acr) if proofs else _first(requirement, means, usable, acr)
    if ask is not None:
        return ask
    if proofs and may_enrol:
        # Whoever has set up more than was shown yet shows it before anything is added to the account.
        best = strongest(each for each in means if each.usable)
        if (ask := _shortest(AllOf(), proofs, means, usable, best)) is not None and not _enough(
            AllOf(), proofs, (), means, best
        ):
            return ask
        possible = frozenset(each.name for each in means if each.usable or each.enrollable)
        if (ask := _shortest(requirement, proofs, means, possible, acr)) is not None:
            return Ask(ask.authenticator, ask.others, enrol=ask.authenticator not in usable)
    usable |= {proof.authenticator for proof in proofs}
    if is_met(requirement, usable.__contains__):
        return NoWay(())  # the strength is missing, whatever is set up
    return NoWay(tuple(name for name in names_of(requirement) if name not in usable))


def complete(proofs: tuple[Proof, ...]) -> Complete:
    """What a sign-in with these proofs says of itself. It is as old as the oldest of them: nothing of it was proven earlier."""
    amr = list(dict.fromkeys(value for proof in proofs for value in proof.amr))
    if len(frozenset[str]().union(*(proof.factors for proof in proofs))) > 1 and "mfa" not in amr:
        amr.append("mfa")  # RFC 8176 section 2: "Multiple-factor authentication"
    acr = acr_of((proof.factors, proof.phishing_resistant) for proof in proofs)
    return Complete(auth_time=min(proof.at for proof in proofs), amr=tuple(amr), acr=acr)


def _enough(
    requirement: Requirement, proofs: tuple[Proof, ...], more: tuple[Means, ...], means: tuple[Means, ...], acr: str
) -> bool:
    given = {proof.authenticator for proof in proofs} | {each.name for each in more}
    shown = [(proof.factors, proof.phishing_resistant) for proof in proofs]
    shown += [(each.factors, each.phishing_resistant) for each in more]
    # A recovery code is good for what got lost, beside a proof that is no possession: never alone, and never for a password.
    spare = any(each.stands_in and each.name in given for each in means)
    spare = spare and any(factors - {"possession"} for factors, _ in shown)
    replaceable = {each.name for each in means if "possession" in each.factors} if spare else set()
    return bool(given) and is_met(requirement, (given | replaceable).__contains__) and reaches(acr_of(shown), acr)


@lru_cache(maxsize=256)
def _first(requirement: Requirement, means: tuple[Means, ...], possible: frozenset[str], acr: str) -> Ask | None:
    return _shortest(requirement, (), means, possible, acr)


def _shortest(
    requirement: Requirement, proofs: tuple[Proof, ...], means: tuple[Means, ...], possible: frozenset[str], acr: str
) -> Ask | None:
    """The first step of a shortest way, and every other step with which some way without a needless step begins."""
    given = {proof.authenticator for proof in proofs}
    steps = tuple(each for each in means if each.name in possible and each.name not in given)
    ways: list[tuple[Means, ...]] = []
    for size in range(1, min(_MOST_STEPS, len(steps)) + 1):
        for way in combinations(steps, size):
            if any(set(shorter) <= set(way) for shorter in ways):
                continue  # a step of it would be needless
            if _enough(requirement, proofs, way, means, acr):
                ways.append(way)
    if not ways:
        return None
    # Of each way the first in the order of the settings is asked first; combinations keep that order.
    firsts = list(dict.fromkeys(way[0].name for way in ways))
    return Ask(firsts[0], tuple(firsts[1:]))


def session_suffices(*, auth_time: int, freshness: Freshness, now: int) -> bool:
    """Whether an existing sign-in answers this request, or the person has to prove it anew.

    Spec: OpenID Connect Core section 3.1.2.1 (`prompt=login` and `select_account`, `max_age`).
    """
    if freshness.prompt & {"login", "select_account"}:
        return False
    return freshness.max_age_s is None or now - auth_time <= freshness.max_age_s
