"""Sign-in rules: what an administrator may say, and what is written down of it."""

import pytest
from site_kit import API

from admit_server.domain.errors import NotAllowed, NotFound
from admit_server.flows.admin import sign_in_rules
from admit_server.flows.admin.sign_in_rules import NewSignInRule
from admit_server.flows.runtime import Caller

pytestmark = pytest.mark.anyio
CALLER = Caller(actor="test")


async def put(site, **values):
    return await sign_in_rules.put(
        NewSignInRule(**{"name": "r", "requires": "totp"} | values), rt=site.rt, caller=CALLER
    )


async def test_a_rule_is_written_down_with_what_it_asks(site):
    await put(site, client="web", audience=API)
    event = (await site.events())[0]
    assert (event.action, event.target, event.details["requires"]) == ("sign_in_rule.set", "r", "totp")
    await sign_in_rules.delete("r", rt=site.rt, caller=CALLER)
    assert (await site.actions())[0] == "sign_in_rule.deleted"
    assert await sign_in_rules.every(rt=site.rt) == []


async def test_a_rule_of_the_same_name_is_replaced_and_keeps_its_time(site):
    first = await put(site)
    site.clock.advance(10)
    second = await put(site, requires="recovery_codes")
    assert (second.requires, second.created_at, second.updated_at) == (
        "recovery_codes",
        first.created_at,
        first.created_at + 10,
    )
    assert len(await sign_in_rules.every(rt=site.rt)) == 1


@pytest.mark.parametrize("values", [{"requires": "nothing_like_it"}, {"requires": ""}, {"name": "Not a name"}])
async def test_what_can_not_be_is_refused(site, values):
    with pytest.raises(NotAllowed):
        await put(site, **values)


async def test_what_is_not_there_is_not_found(site):
    for values in ({"client": "nobody"}, {"audience": "https://nowhere.example"}):
        with pytest.raises(NotFound):
            await put(site, **values)
    with pytest.raises(NotFound):
        await sign_in_rules.delete("none", rt=site.rt, caller=CALLER)
    with pytest.raises(NotFound):
        await sign_in_rules.find("none", rt=site.rt)
