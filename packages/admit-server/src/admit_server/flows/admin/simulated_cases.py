"""What recorded decisions were about: grants with their rules, read once and kept for a while."""

from dataclasses import dataclass

from ...domain.applied_rule import Rules, combined_with, names
from ...domain.client import Resource
from ...domain.token_policy import BoundedPolicy, TokenPolicy
from ..replayed_life import Case
from ..runtime import Runtime

_MOST_CASES = 20_000


@dataclass(frozen=True, slots=True)
class Loaded:
    """A case, with its policy in each course. `rules` is None where they are not known."""

    case: Case | None
    named: bool = False
    known: bool = True
    current: BoundedPolicy | None = None
    candidate: BoundedPolicy | None = None


class Cases:
    """Reads grants, and replaces a policy in their rules.

    Args:
        name: Of the policy.
        current: What it is.
        candidate: What it would be.
        rt: The runtime.
    """

    def __init__(self, name: str, *, current: TokenPolicy, candidate: TokenPolicy, rt: Runtime) -> None:
        self._name, self._current, self._candidate, self._rt = name, current, candidate, rt
        self._cases: dict[str, Loaded] = {}
        self._resources: dict[str, Resource | None] = {}

    async def load(self, grant_id: str | None) -> Loaded:
        """What is known of a grant. None: the decision was about no token."""
        if grant_id is None:
            return Loaded(None)
        if (found := self._cases.get(grant_id)) is None:
            if len(self._cases) >= _MOST_CASES:
                self._cases.clear()
            found = self._cases[grant_id] = await self._read(grant_id)
        return found

    async def _read(self, grant_id: str) -> Loaded:
        read = self._rt.store.read
        grant = await read.grants.get(grant_id)
        if grant is None:
            return Loaded(None, known=False)
        session = await read.sessions.get(grant.session_id) if grant.session_id is not None else None
        ended_at = None if session is None else session.ended_at or session.expires_at
        if grant.audience not in self._resources:
            self._resources[grant.audience] = await read.resources.get(grant.audience)
        case = Case(grant=grant, resource=self._resources[grant.audience], session_ended_at=ended_at)
        rules = await read.grants.rules_of(grant_id)
        if rules is None:
            return Loaded(case, known=False)
        named = names(rules, self._name)
        return Loaded(
            case,
            named=named,
            current=self._policy(grant.policy, rules, self._current) if named else grant.policy,
            candidate=self._policy(grant.policy, rules, self._candidate) if named else grant.policy,
        )

    def _policy(self, was: BoundedPolicy, rules: Rules, limits: TokenPolicy) -> BoundedPolicy:
        return combined_with(rules, self._name, limits).bounded()
