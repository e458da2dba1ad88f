"""What would another policy have meant for the decisions of the last days? They are replayed, not guessed."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace

from ...domain.decision import Batch, Decision
from ...domain.errors import NotAllowed
from ...domain.token_policy import DAY_S
from ..replay import Course, Unsure, Verdict
from ..replayed_life import Case
from ..rule_set import Compiled, check_policy, compiled
from ..runtime import Runtime
from . import clients, policies, resources, users
from .simulated_cases import Cases, Loaded
from .simulation import ALLOWED, OTHERWISE, REFUSED, UNKNOWN, Change, Group, Question, Simulation

MOST_DAYS = 365
# Batches of one read; each holds about a second.
_PAGE = 8
# Batches of several processes overlap by about this much.
_OVERLAP_S = 3
_MOST_GROUPS, _MOST_NAMED = 10_000, 200


async def simulate(question: Question, *, rt: Runtime) -> Simulation:
    """Replay the decisions of the last days with other limits under the name of a policy.

    Each decision is replayed three times: by the rules of its grant as they were (which has to give what was decided), with the policy
    as it is, and with the policy as it would be. The last two are compared. Nothing is written.

    Raises:
        NotFound: The policy, user, client or resource does not exist.
        NotAllowed: Limits that `admit policy set` would refuse, or a time that is none.
    """
    if not 1 <= question.days <= MOST_DAYS:
        raise NotAllowed(f"--days is 1 to {MOST_DAYS}.")
    current = (await policies.find(question.name, rt=rt)).limits
    candidate = current if question.limits is None else question.limits
    policies.check(candidate)
    rules = {each.rule.id: each for each in await rt.store.read.check_rules.all()}
    for each in rules.values():
        if each.rule.policy == question.name:
            check_policy(candidate, name=question.name, public=each.rule.public)
    now = rt.clock()
    result = Simulation(question.name, current, candidate, since=now - question.days * DAY_S, until=now + 1)
    oldest = await rt.store.read.decisions.oldest()
    replaying = _Replaying(
        result,
        {
            rule_id: (
                each.rule.policy == question.name,
                compiled(replace(each, limits=current) if each.rule.policy == question.name else each),
                compiled(replace(each, limits=candidate) if each.rule.policy == question.name else each),
            )
            for rule_id, each in rules.items()
        },
        await _wanted(question, rt=rt),
        examples=question.examples,
        rt=rt,
    )
    if oldest is not None:
        # Tokens of the day before are told from their beginning: one that was used up then is used up at the start.
        await replaying.run(max(oldest, result.since - DAY_S), oldest)
    await replaying.finish()
    return result


def in_order(decisions: list[tuple[Decision, str]]) -> list[Decision]:
    """Decisions as they came one after the other, each with the process that made it; those of one process stand in their order.

    Nothing tells the order of several processes within a second, but this: once spent, a token stays so. Where several decided about it,
    refusals for being used up come last.
    """
    processes: dict[tuple[int, str], set[str]] = {}
    for each, process in decisions:
        processes.setdefault((each.at, each.token_id), set()).add(process)

    def place(found: tuple[Decision, str]) -> tuple[int, bool]:
        each = found[0]
        return each.at, each.code == "uses_exhausted" and len(processes[each.at, each.token_id]) > 1

    return [each for each, _ in sorted(decisions, key=place)]


@dataclass(frozen=True, slots=True)
class _Only:
    user_id: str | None
    client_id: str | None
    audience: str | None

    def takes(self, case: Case | None) -> bool:
        if case is None:
            return (self.user_id, self.client_id, self.audience) == (None, None, None)
        grant = case.grant
        return (
            self.user_id in (None, grant.user_id)
            and self.client_id in (None, grant.client_id)
            and self.audience in (None, grant.audience)
        )


async def _wanted(question: Question, *, rt: Runtime) -> _Only:
    user = (await users.find(question.user, rt=rt)).id if question.user is not None else None
    client = (await clients.find(question.client, rt=rt)).id if question.client is not None else None
    audience = (await resources.find(question.resource, rt=rt)).audience if question.resource is not None else None
    return _Only(user, client, audience)


class _Replaying:
    def __init__(
        self,
        result: Simulation,
        rules: dict[str, tuple[bool, Compiled, Compiled]],
        only: _Only,
        *,
        examples: int,
        rt: Runtime,
    ) -> None:
        self._result, self._rules, self._only, self._examples, self._rt = result, rules, only, examples, rt
        self._cases = Cases(result.name, current=result.current, candidate=result.candidate, rt=rt)
        self._was, self._before, self._after = Course(), Course(), Course()
        self._groups: dict[tuple[str | None, ...], Group] = {}
        self._seen = 0

    async def run(self, begin: int, oldest: int) -> None:
        result = self._result
        result.recorded_since = max(oldest, result.since)
        # What was decided in the very second of the first batch may have begun before it.
        self._complete_since(oldest)
        waiting: list[tuple[Decision, str]] = []
        async for batch in self._batches(begin):
            ready = [each for each in waiting if each[0].at < batch.at - _OVERLAP_S]
            if ready:
                await self._replay(ready)
                await asyncio.sleep(0)  # a server that is asked by its API answers others meanwhile
                waiting = [each for each in waiting if each[0].at >= batch.at - _OVERLAP_S]
            waiting += ((each, batch.process) for each in batch.decisions)
            if batch.dropped:
                self._complete_since(batch.at + 1)
                if batch.at >= result.since:
                    result.dropped += batch.dropped
        await self._replay(waiting)

    async def finish(self) -> None:
        result, read = self._result, self._rt.store.read
        result.groups = sorted(self._groups.values(), key=lambda group: -group.amount)
        changed = [group.first for group in result.groups if group.first.outcome != UNKNOWN]
        result.people = len({change.user_id for change in changed} - {None})
        result.applications = len({change.client_id for change in changed} - {None})
        for change in (*result.examples, *(group.first for group in result.groups[:_MOST_NAMED])):
            if change.user_id is not None and change.user_id not in result.names:
                user = await read.users.get(change.user_id)
                result.names[change.user_id] = user.username if user is not None else change.user_id
            if change.client_id is not None and change.client_id not in result.names:
                client = await read.clients.get(change.client_id)
                result.names[change.client_id] = client.name if client is not None else change.client_id
        for group in result.groups:
            group.user = result.names.get(group.first.user_id or "")
            group.client = result.names.get(group.first.client_id or "")

    def _complete_since(self, at: int) -> None:
        for course in (self._was, self._before, self._after):
            course.since = max(course.since, at)

    async def _batches(self, begin: int) -> AsyncIterator[Batch]:
        after = (begin, "")
        while True:
            page = await self._rt.store.read.decisions.page(after=after, until=self._result.until + 60, limit=_PAGE)
            for batch in page:
                yield batch
            if len(page) < _PAGE:
                return
            after = (page[-1].at, page[-1].id)

    async def _replay(self, decisions: list[tuple[Decision, str]]) -> None:
        for decision in in_order(decisions):
            loaded = await self._cases.load(decision.grant_id)
            if self._only.takes(loaded.case):
                self._one(decision, loaded)
            self._seen += 1
            if self._seen % 5_000 == 0:
                for course in (self._was, self._before, self._after):
                    course.forget(decision.at)

    def _one(self, decision: Decision, loaded: Loaded) -> None:
        rule_named, current, candidate = self._rules.get(decision.rule or "", (False, None, None))
        is_told = decision.at >= self._result.since
        if is_told:
            self._result.kinds[decision.kind] += 1
        if not loaded.known or (decision.rule is not None and current is None):
            if is_told:
                self._tell(decision, loaded.case, Unsure("rule" if loaded.known else "grant"), Unsure(""))
            return
        if not (loaded.named or rule_named):
            return
        case = loaded.case
        was = self._was.decide(decision, case, case.grant.policy if case else None, current)
        before = self._before.decide(decision, case, loaded.current, current)
        after = self._after.decide(decision, case, loaded.candidate, candidate)
        if not is_told:
            return
        self._result.concerned += 1
        if not isinstance(was, Unsure) and was != decision.code:
            self._tell(decision, case, Unsure("not_reproduced"), after)
        elif before != after or (isinstance(after, Unsure) and self._differs):
            self._tell(decision, case, before, after)

    @property
    def _differs(self) -> bool:
        return self._result.current != self._result.candidate

    def _tell(self, decision: Decision, case: Case | None, before: Verdict, after: Verdict) -> None:
        doubt = before if isinstance(before, Unsure) else after if isinstance(after, Unsure) else None
        if doubt is not None:
            outcome, why = UNKNOWN, doubt.why
            self._result.unknown[why] += 1
        else:
            outcome = OTHERWISE if before and after else REFUSED if after else ALLOWED
            why = ""
        self._result.outcomes[outcome] += 1
        grant = case.grant if case is not None else None
        change = Change(
            outcome,
            decision,
            "" if isinstance(before, Unsure) else before,
            "" if isinstance(after, Unsure) else after,
            why,
            grant.client_id if grant else None,
            grant.user_id if grant else None,
            grant.audience if grant else None,
        )
        key = (outcome, change.before, change.after, why, change.client_id, change.user_id, change.resource)
        if key not in self._groups and len(self._groups) >= _MOST_GROUPS:
            change = replace(change, client_id=None, user_id=None, resource=None)
            key = (outcome, change.before, change.after, why, None, None, None)
        self._groups.setdefault(key, Group(change)).amount += 1
        if outcome != UNKNOWN and len(self._result.examples) < self._examples:
            self._result.examples.append(change)
