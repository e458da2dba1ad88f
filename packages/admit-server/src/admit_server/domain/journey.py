"""Journeys: which proofs a sign-in needs, and which step comes next."""

from dataclasses import dataclass

from .token_policy import ACR_ORDER, TokenPolicy

# RFC 8176 names what was used; the acr values are ours, in the documentation.
ACR_ONE_FACTOR = "urn:admit:acr:1fa"
# What a sign-in here can prove at most.
STRONGEST_ACR = ACR_ONE_FACTOR


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
    """The next step: ask for this proof."""

    authenticator: str


@dataclass(frozen=True, slots=True)
class Complete:
    """All that is required was proven."""

    auth_time: int
    amr: tuple[str, ...]
    acr: str


@dataclass(frozen=True, slots=True)
class Requirement:
    """What a sign-in must prove: each of these, in this order."""

    authenticators: tuple[str, ...] = ("password",)


@dataclass(frozen=True, slots=True, kw_only=True)
class Freshness:
    """How recent the sign-in must be (OpenID Connect Core section 3.1.2.1)."""

    prompt: frozenset[str] = frozenset()
    max_age_s: int | None = None


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


def next_step(requirement: Requirement, proofs: tuple[Proof, ...]) -> Ask | Complete:
    """Decide the next step from what was proven so far."""
    given = {proof.authenticator: proof for proof in proofs}
    for name in requirement.authenticators:
        if name not in given:
            return Ask(name)
    used = [given[name] for name in requirement.authenticators]
    amr = tuple(dict.fromkeys(value for proof in used for value in proof.amr))
    return Complete(auth_time=max(proof.at for proof in used), amr=amr, acr=ACR_ONE_FACTOR)


def session_suffices(*, auth_time: int, freshness: Freshness, now: int) -> bool:
    """Whether an existing sign-in answers this request, or the person has to prove it anew.

    Spec: OpenID Connect Core section 3.1.2.1 (`prompt=login` and `select_account`, `max_age`).
    """
    if freshness.prompt & {"login", "select_account"}:
        return False
    return freshness.max_age_s is None or now - auth_time <= freshness.max_age_s
