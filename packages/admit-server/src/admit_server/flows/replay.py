"""Telling recorded decisions again under other limits: pure, and by the very functions that decided.

What the world did (that a session was alive, that an app renewed its lease) is taken from the records. What they can't tell is
`Unsure`, never "as before".
"""

from dataclasses import dataclass, field, replace

from admit.limits import Attempt

from ..domain.confirmation import Confirmation
from ..domain.counting import REPEAT_S, Count
from ..domain.decision import BY_POLICY, Decision
from ..domain.grant import Grant
from ..domain.token_policy import DAY_S, BoundedPolicy
from .effective import limits_of_grant
from .redeem import Use, judged
from .replayed_life import Case, alive, refreshed, unissued
from .rule_set import Compiled
from .token_status import GoodToken
from .verdict import Denied, before_token, verdict

_COUNTED = frozenset({"uses_exhausted", "idle_timeout"})


@dataclass(frozen=True, slots=True)
class Unsure:
    """The records don't tell. `why`: a stable word, one of `REASONS`."""

    why: str


REASONS = {
    "sessions": "which sessions would have been ended, or refused, for being too many",
    "lease": "whether the app would have renewed another lease in time",
    "session": "when the session ended: it is forgotten",
    "binding": "whether the app could have proved a key or certificate",
    "path": "the path that was asked for, or a part of it",
    "address": "the address that asked",
    "uses": "all uses of the token: some were not seen by the server, or not recorded",
    "end": "how long the token could have lived beside its session, parent or sign-in",
    "grant": "the rules of its grant: they are forgotten, or older than the records",
    "rule": "the rule of /check that decided: it is gone",
    "not_reproduced": "what decided then: by today's rules and rights it would have been decided otherwise",
}
Verdict = str | Unsure


@dataclass(slots=True)
class Course:
    """One course of events under one set of limits: how often each token was used in it.

    Attributes:
        since: From when on everything is recorded (seconds, UTC); later where something was dropped.
    """

    since: int = 0
    _issued: dict[str, tuple[int, int]] = field(default_factory=dict)
    _counts: dict[str, tuple[Count, int]] = field(default_factory=dict)
    _uses: dict[tuple[str, str], int] = field(default_factory=dict)

    def decide(
        self, decision: Decision, case: Case | None, policy: BoundedPolicy | None, rule: Compiled | None
    ) -> Verdict:
        """What would have been decided: '' (allowed), the code of a refusal, or `Unsure`.

        Args:
            decision: As recorded.
            case: What it was about; None where no token was judged.
            policy: Of the grant, in this course; None without a case.
            rule: Of `/check`, with its limits in this course.
        """
        if decision.code and decision.code not in BY_POLICY:
            return decision.code
        attempt = _attempt(decision)
        if rule is not None and (denied := before_token(rule, attempt, now=decision.at)) is not None:
            return denied.code
        if case is None or policy is None:
            # No token: only the rule could refuse.
            return ""
        if decision.kind == "issue":
            return self._issue(decision, case, policy)
        doubts: list[str] = []
        if decision.kind == "report":
            decision = self._dated(decision, case, policy, doubts)
        if decision.kind == "refresh":
            return refreshed(decision, case, policy, doubts) or self._begun(decision, policy) or _doubtful(doubts)
        code = alive(decision, case, policy, doubts) or self._used(decision, case, policy, attempt, rule, doubts)
        return code or _doubtful(doubts)

    def forget(self, now: int) -> None:
        """Drop what no later decision can be about."""
        self._counts = {token: each for token, each in self._counts.items() if each[1] > now}
        self._issued = {token: each for token, each in self._issued.items() if each[1] > now - DAY_S}
        self._uses = {use: at for use, at in self._uses.items() if at > now - REPEAT_S}

    def _issue(self, decision: Decision, case: Case, policy: BoundedPolicy) -> Verdict:
        if (refused := unissued(decision, case, policy)) is not None:
            return refused
        if case.grant.descent.ancestors and policy.max_uses is not None:
            # The uses of a token that was made from another are taken from that one.
            parent = case.grant.descent.ancestors[-1].token_id
            if parent in self._counts and (left := self._counts[parent][0].uses_left) is not None:
                count, until = self._counts[parent]
                if left < policy.max_uses:
                    return "uses_exhausted"
                taken = replace(count, uses_left=left - policy.max_uses, last_used_at=decision.at)
                self._counts[parent] = (taken, until)
        return self._begun(decision, policy)

    def _begun(self, decision: Decision, policy: BoundedPolicy) -> str:
        if decision.token_id:
            self._issued[decision.token_id] = (decision.at, decision.ends_at)
            self._count(decision.token_id, policy, made_at=decision.at, ends_at=decision.ends_at)
        return ""

    def _dated(self, decision: Decision, case: Case, policy: BoundedPolicy, doubts: list[str]) -> Decision:
        """A report with the times of its token, which a library does not tell."""
        if (known := self._issued.get(decision.token_id)) is not None:
            return decision._replace(made_at=known[0], ends_at=known[1])
        was = case.grant.policy
        if decision.code == "token_expired" or policy.lifetime_s != was.lifetime_s:
            doubts.append("end")
        begun = decision.at - was.lifetime_s if decision.code == "token_expired" else decision.at
        return decision._replace(made_at=begun, ends_at=begun + was.lifetime_s)

    def _count(self, token_id: str, policy: BoundedPolicy, *, made_at: int, ends_at: int) -> Count | None:
        if policy.max_uses is None and policy.idle_timeout_s is None:
            return None
        if token_id not in self._counts:
            begun = Count(uses_left=policy.max_uses, idle_timeout_s=policy.idle_timeout_s, last_used_at=made_at)
            self._counts[token_id] = (begun, max(ends_at, made_at + DAY_S))
        return self._counts[token_id][0]

    def _used(
        self,
        decision: Decision,
        case: Case,
        policy: BoundedPolicy,
        attempt: Attempt,
        rule: Compiled | None,
        doubts: list[str],
    ) -> str:
        was = case.grant.policy
        judged_by = policy
        if decision.cut and policy.actions:
            if policy.actions != was.actions:
                doubts.append("path")
            elif decision.code == "action_not_allowed":
                return decision.code
            judged_by = replace(policy, actions=frozenset())
        grant = replace(case.grant, policy=judged_by, transaction=None)
        cnf = Confirmation(decision.jkt, decision.x5t if "mtls" in policy.binding else "")
        if _asks_for_more(policy, cnf):
            doubts.append("binding")
            grant = replace(grant, policy=replace(judged_by, binding=was.binding))
        if rule is not None:
            status = _token(decision, grant, cnf, rule)
            outcome = verdict(rule, status, attempt, by_dpop=decision.by_dpop, now=decision.at)
            if isinstance(outcome, Denied):
                return outcome.code
            counted = outcome.use == "here"
        else:
            limits = limits_of_grant(grant)
            if decision.enforces:
                _not_told(decision, policy, was, doubts)
            use = Use(
                attempt=attempt,
                proved=Confirmation(decision.proved_jkt, decision.proved_x5t),
                enforces_limits=decision.enforces,
            )
            broken = judged(limits, use, cnf=cnf, now=decision.at)
            if broken is not None:
                return broken.code
            if decision.kind == "report":
                if limits.counted:
                    doubts.append("uses")
                return ""
            counted = limits.counted
        return self._counted(decision, case, policy, doubts) if counted else ""

    def _counted(self, decision: Decision, case: Case, policy: BoundedPolicy, doubts: list[str]) -> str:
        was, now = case.grant.policy, decision.at
        seen_all = decision.made_at >= self.since and (
            case.grant.format == "opaque" or was.max_uses is not None or was.idle_timeout_s is not None
        )
        if not seen_all and (policy.max_uses, policy.idle_timeout_s) == (was.max_uses, was.idle_timeout_s):
            return decision.code if decision.code in _COUNTED else ""
        count = self._count(decision.token_id, policy, made_at=decision.made_at, ends_at=decision.ends_at)
        if count is None:
            return ""
        use = (decision.token_id, decision.use_id or "")
        if decision.use_id is not None and self._uses.get(use, now - REPEAT_S) > now - REPEAT_S:
            return ""  # a repeat gets the first answer
        spent = count.spent(now)
        if spent == "idle_timeout" and not seen_all:
            spent = None
        if spent is not None and not (doubts and spent == "uses_exhausted"):
            return spent
        if not seen_all or spent is not None:
            doubts.append("uses")
            if spent is not None:
                return ""
        if decision.use_id is not None:
            self._uses[use] = now
        self._counts[decision.token_id] = (count.used(now), self._counts[decision.token_id][1])
        return ""


def _attempt(decision: Decision) -> Attempt:
    return Attempt(method=decision.method, path=decision.path, action=decision.action, address=decision.address)


def _doubtful(doubts: list[str]) -> Verdict:
    return Unsure(doubts[0]) if doubts else ""


def _asks_for_more(policy: BoundedPolicy, cnf: Confirmation) -> bool:
    """Whether the token would have to be bound to something of which the records know nothing."""
    return ("dpop" in policy.binding and not cnf.jkt) or ("mtls" in policy.binding and not cnf.x5t)


def _not_told(decision: Decision, policy: BoundedPolicy, was: BoundedPolicy, doubts: list[str]) -> None:
    """What the resource judged by itself, because it did not tell it."""
    if policy.actions != was.actions and policy.actions and not (decision.path or decision.action):
        doubts.append("path")
    if policy.networks != was.networks and policy.networks and not decision.address:
        doubts.append("address")


def _token(decision: Decision, grant: Grant, cnf: Confirmation, rule: Compiled) -> GoodToken:
    of = rule.in_force.rule
    return GoodToken(
        format=grant.format,
        id=decision.token_id,
        grant=grant,
        # Scopes and audience are no policy's: where they were wrong, the refusal stays.
        audience=of.audience or "",
        scopes=of.scopes,
        issued_at=decision.made_at,
        expires_at=decision.ends_at,
        cnf=cnf,
    )
