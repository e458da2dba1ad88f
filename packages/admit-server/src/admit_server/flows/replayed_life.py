"""Whether a token would have been issued, and would have lived, under another policy: the half of a replay that is about time."""

from dataclasses import dataclass

from ..domain.client import Resource
from ..domain.confirmation import Confirmation
from ..domain.decision import Decision
from ..domain.grant import Grant
from ..domain.journey import strong_enough
from ..domain.token_policy import BoundedPolicy
from .binding import not_proved
from .token_status import STEP_UP

# Judged before anything is known of the session or the lease.
_BEFORE_SESSION = frozenset({"token_expired", STEP_UP})


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """What a decision was about.

    Attributes:
        grant: As it was made; its policy is the one that held.
        resource: What the token is for; None: it is gone.
        session_ended_at: When the session ended, or ends (seconds, UTC). None: there is none, or it is forgotten.
    """

    grant: Grant
    resource: Resource | None = None
    session_ended_at: int | None = None


def unissued(decision: Decision, case: Case, policy: BoundedPolicy) -> str | None:
    """Why a token would not have been issued to this caller, with this sign-in."""
    grant = case.grant
    proved = Confirmation(decision.proved_jkt, decision.proved_x5t)
    if (refused := not_proved(policy, proved)) is not None:
        return refused.code
    return STEP_UP if _too_weak(grant, policy, now=decision.at) else None


def _too_weak(grant: Grant, policy: BoundedPolicy, *, now: int) -> bool:
    """RFC 9470: the sign-in is too weak or too old. Without a sign-in there is nothing to ask."""
    if grant.auth_time is None:
        return False
    return not (strong_enough(grant.acr, policy=policy) and policy.is_fresh(auth_time=grant.auth_time, now=now))


def refreshed(decision: Decision, case: Case, policy: BoundedPolicy, doubts: list[str]) -> str:
    """Why a refresh would have been refused; empty if it would not. What can't be told is added to `doubts`."""
    was = case.grant.policy
    if decision.made_at:
        ends_at = policy.refresh_expiry(family_ends_at=_family_end(case.grant, policy), now=decision.made_at)
        if decision.at >= ends_at:
            return "refresh_expired"
    elif (policy.refresh_idle_s, policy.refresh_lifetime_s) != (was.refresh_idle_s, was.refresh_lifetime_s):
        doubts.append("end")
    return _session_or_lease(decision, case, policy, doubts) or unissued(decision, case, policy) or ""


def alive(decision: Decision, case: Case, policy: BoundedPolicy, doubts: list[str]) -> str:
    """As `token_status.judge` for a token that was known and not revoked."""
    ends_at, certain = _end(decision, case, policy)
    if decision.at >= ends_at:
        return "token_expired"
    if not certain:
        doubts.append("end")
    if _too_weak(case.grant, policy, now=decision.at):
        return STEP_UP
    return _session_or_lease(decision, case, policy, doubts)


def _session_or_lease(decision: Decision, case: Case, policy: BoundedPolicy, doubts: list[str]) -> str:
    was, code = case.grant.policy, decision.code
    tighter = policy.max_sessions is not None and (was.max_sessions is None or policy.max_sessions < was.max_sessions)
    if case.grant.session_id is not None and (tighter or (policy.deny_new_session and not was.deny_new_session)):
        doubts.append("sessions")
    if policy.end_with_session and case.grant.session_id is not None:
        if code == "session_ended":
            return code
        # That it was not refused then says that the session was alive, if the session was looked at.
        looked_at = was.end_with_session and code not in _BEFORE_SESSION and code != "refresh_expired"
        if not looked_at and case.session_ended_at is None:
            doubts.append("session")
        elif not looked_at and case.session_ended_at is not None and decision.at >= case.session_ended_at:
            return "session_ended"
    if policy.lease_s is not None:
        if code == "lease_ended" and was.lease_s is not None and policy.lease_s <= was.lease_s:
            return code
        if code == "lease_ended" or was.lease_s is None or policy.lease_s < was.lease_s or code in _BEFORE_SESSION:
            doubts.append("lease")
    return ""


def _end(decision: Decision, case: Case, policy: BoundedPolicy) -> tuple[int, bool]:
    """When the token would have ended by itself, and whether that is certain at the time of the decision."""
    was = _own_end(decision, case, case.grant.policy)
    own = _own_end(decision, case, policy)
    if decision.ends_at > was:
        return decision.ends_at, True  # its time was said when it was made (a personal token)
    if decision.ends_at < was:
        # Something else ended it before: its session, its parent.
        return min(own, decision.ends_at), own <= decision.ends_at or decision.at < decision.ends_at
    certain = own <= decision.ends_at or decision.at < decision.ends_at
    if not certain and not case.grant.descent.ancestors and case.session_ended_at is not None:
        certain = True
    if case.grant.session_id is None and not case.grant.descent.ancestors:
        certain = True
    return own, certain


def _own_end(decision: Decision, case: Case, policy: BoundedPolicy) -> int:
    grant = case.grant
    ends_at = min(decision.made_at + policy.lifetime_s, _family_end(grant, policy))
    knows_age = case.resource is not None and case.resource.verifier == "admit"
    if grant.format == "jwt" and not knows_age and grant.auth_time is not None and policy.max_auth_age_s is not None:
        ends_at = min(ends_at, grant.auth_time + policy.max_auth_age_s)
    return ends_at


def _family_end(grant: Grant, policy: BoundedPolicy) -> int:
    was, age = grant.policy, grant.expires_at - grant.created_at
    if age == was.refresh_lifetime_s:
        return grant.created_at + policy.refresh_lifetime_s
    if age == was.lifetime_s:  # it lives as long as its only token
        return grant.created_at + policy.lifetime_s
    return grant.expires_at
