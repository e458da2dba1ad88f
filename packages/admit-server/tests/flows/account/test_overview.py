"""What a person sees first."""

import pytest
from site_kit import API

from admit_server.domain.token_policy import DAY_S
from admit_server.flows import personal_tokens
from admit_server.flows.account import overview
from admit_server.flows.admin import resources, users
from admit_server.flows.runtime import Caller

pytestmark = pytest.mark.anyio
CALLER = Caller(actor="test")


async def test_it_counts_what_lives_and_names_what_ends_soon(site):
    await resources.update(API, resources.ResourceChange(personal_tokens=True), rt=site.rt, caller=CALLER)
    alice = await users.find("alice", rt=site.rt)
    seen = await overview.of(alice, rt=site.rt)
    assert (seen.sessions, seen.apps, seen.tokens, seen.tokens_ending) == (0, 0, 0, ())
    assert ([way.name for way in seen.ways], seen.two_factors) == (["Password"], False)
    await site.tokens()
    for name, days in (("nightly", 8), ("yearly", 300), ("over", 1)):
        new = personal_tokens.NewPersonalToken(
            id=site.rt.new_id("tok"), user=alice, audience=API, name=name, lifetime_s=days * DAY_S
        )
        await personal_tokens.make(new, by_administrator=False, rt=site.rt, caller=CALLER)
    assert (await overview.of(alice, rt=site.rt)).sessions == 1
    site.clock.advance(2 * DAY_S)
    seen = await overview.of(alice, rt=site.rt)
    assert (seen.sessions, seen.tokens, seen.tokens_ending) == (0, 2, ("nightly",))
