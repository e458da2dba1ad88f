"""Replaying: what is said of another policy is what the server does under it, decision by decision."""

import asyncio
from itertools import count

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from site_kit import running

from admit.limits import groups_of
from admit_server.domain.token_policy import TokenPolicy
from admit_server.flows.admin import policies, tokens
from admit_server.flows.admin.simulate import simulate
from admit_server.flows.admin.simulation import UNKNOWN, Question
from admit_server.flows.recording import write_decisions
from admit_server.flows.runtime import Caller

BY = Caller(actor="tests")
OPAQUE_API = "https://opaque.example"

entries = {
    "actions": ["GET /orders/*", "* /bills/**", "GET /**", "orders.read"],
    "networks": ["10.0.0.0/8", "192.0.2.0/24", "0.0.0.0/0"],
    "hours": ["mon-fri 08:00-18:00 UTC", "tue 22:00-06:00 Europe/Berlin", "mon-sun 00:00-24:00 UTC"],
}
limits = st.fixed_dictionaries(
    {},
    optional={
        "lifetime_s": st.sampled_from([30, 60, 300, 600, 3_600]),
        "idle_timeout_s": st.sampled_from([10, 40, 300]),
        "max_uses": st.integers(1, 4),
        **{
            name: st.lists(st.sampled_from(words), min_size=1, max_size=2).map(groups_of)
            for name, words in entries.items()
        },
    },
).map(lambda values: TokenPolicy(**values))
uses = st.fixed_dictionaries(
    {"wait": st.sampled_from([0, 0, 1, 5, 9, 10, 30, 59, 61, 240, 3_600])},
    optional={
        "request_path": st.sampled_from(["/orders/7", "/bills/1/2", "/", "//orders/7"]),
        "request_action": st.sampled_from(["orders.read", "orders.refund"]),
        "client_address": st.sampled_from(["10.1.2.3", "192.0.2.7", "2001:db8::1"]),
        "use_id": st.sampled_from(["the-first-of-the-uses", "the-second-of-the-uses"]),
        "enforces": st.just("limits"),
    },
)


@pytest.fixture(scope="module")
def stage(template, tmp_path_factory):
    with asyncio.Runner() as runner:
        context = running(template, tmp_path_factory.mktemp("replay") / "site")
        site = runner.run(context.__aenter__())
        # The records begin before the first token that is told of.
        runner.run(_issue(site, None))
        site.clock.advance(1)
        yield runner, site
        runner.run(context.__aexit__(None, None, None))


_numbers = count(1)


async def _issue(site, policy):
    new = tokens.NewToken(user="alice", client="robot", resource=OPAQUE_API, policy=policy)
    return await tokens.issue(new, rt=site.rt, caller=BY)


async def _set(site, name, wanted):
    await policies.set_policy(name, wanted, rt=site.rt, caller=BY)


async def _play(site, played, *issued):
    """Do the same with each token; what each was answered, as codes."""
    answers = [[] for _ in issued]
    for use in played:
        site.clock.advance(use["wait"])
        told = {"request_method": "GET"} if "request_path" in use else {}
        told |= {name: value for name, value in use.items() if name not in ("wait", "use_id")}
        for one, answer in zip(issued, answers, strict=True):
            # Repeated within half a minute at most: later it would be the mistake of a resource, and no decision.
            own = {"use_id": f"{use['use_id']}-{site.clock.now // 30}-{one.grant.id}"} if "use_id" in use else {}
            form = {"token": one.tokens.access_token} | site.proof("api") | told | own
            response = await site.post("/introspect", form)
            answer.append((response.status_code, response.json().get("active")))
    return answers


# Within a second the order counts: the second use takes the last one, or the third.
@example(
    was=TokenPolicy(max_uses=1, networks=groups_of(["10.0.0.0/8"])),
    would_be=TokenPolicy(max_uses=2),
    played=[{"wait": 0, "client_address": address} for address in ("10.1.2.3", "10.1.2.3", "192.0.2.7")],
)
@settings(max_examples=25)
@given(was=limits, would_be=limits, played=st.lists(uses, min_size=1, max_size=10))
def test_what_would_be_is_what_the_server_does_to_a_token_that_has_that_policy(stage, was, would_be, played):
    runner, site = stage

    async def compare() -> None:
        number = next(_numbers)
        site.clock.advance(9 * 86_400)  # so that earlier ones are not told of
        first, second = f"was-{number}", f"would-be-{number}"
        await _set(site, first, was)
        await _set(site, second, would_be)
        one, other = await _issue(site, first), await _issue(site, second)
        await _play(site, played, one, other)
        await write_decisions(site.rt)

        as_it_is = await simulate(Question(name=first), rt=site.rt)
        found = await simulate(Question(name=first, limits=would_be, examples=1000), rt=site.rt)
        back = await simulate(Question(name=second, limits=was, examples=1000), rt=site.rt)

        assert (as_it_is.changes, dict(as_it_is.unknown)) == (0, {})
        decided, really = await _codes(site, one.grant.id), await _codes(site, other.grant.id)
        told = [(change.before, change.after) for change in found.examples]
        expected = [(a, b) for a, b in zip(decided, really, strict=True) if a != b]
        if not found.outcomes[UNKNOWN]:
            assert told == expected
        assert found.changes + found.outcomes[UNKNOWN] >= len(expected), "what is not told is not called unchanged"
        if not found.outcomes[UNKNOWN] and not back.outcomes[UNKNOWN]:
            assert [(after, before) for before, after in told] == [(each.before, each.after) for each in back.examples]

    runner.run(compare())


async def _codes(site, grant_id):
    batches, after = [], (site.clock() - 86_400, "")
    while page := await site.rt.store.read.decisions.page(after=after, until=1 << 40, limit=100):
        batches += page
        after = (page[-1].at, page[-1].id)
    return [each.code for batch in batches for each in batch.decisions if each.grant_id == grant_id]
