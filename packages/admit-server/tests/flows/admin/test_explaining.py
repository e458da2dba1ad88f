"""Which steps somebody would be asked, and why."""

import pytest
from site_kit import API

from admit_server.domain.errors import NotFound
from admit_server.flows.admin import explaining, sign_in_rules
from admit_server.flows.admin.explaining import Question
from admit_server.flows.admin.sign_in_rules import NewSignInRule
from admit_server.flows.runtime import Caller

pytestmark = pytest.mark.anyio
CALLER = Caller(actor="test")


async def put(site, **values):
    return await sign_in_rules.put(NewSignInRule(**{"name": "r"} | values), rt=site.rt, caller=CALLER)


async def explain(site, **asked):
    return await explaining.explain(Question(**{"user": "alice"} | asked), rt=site.rt, caller=CALLER)


async def test_what_nobody_can_set_up_here_is_explained_as_missing(site):
    """A sheet of codes has to be read and kept, so nobody sets it up on the way."""
    await put(site, requires="recovery_codes")
    told = await explain(site, client="web")
    assert (told.ends_with, told.missing) == (None, ("recovery_codes",))


async def test_rules_that_match_are_told_apart_from_those_that_do_not(site):
    await put(site, name="api", requires="totp", audience=API)
    await put(site, name="office", requires="recovery_codes", outside="192.0.2.0/24")
    told = await explain(site, client="web", address="192.0.2.7")
    assert ([each.name for each in told.matching], [each.name for each in told.others]) == (["api"], ["office"])
    assert [(step.method, step.enrol, step.why) for step in told.steps] == [
        ("password", False, "the settings"),
        ("totp", True, "rule api"),
    ]


@pytest.mark.parametrize("asked", [{"user": "nobody"}, {"client": "none"}, {"audience": "https://nowhere.example"}])
async def test_what_is_not_there_is_not_found(site, asked):
    with pytest.raises(NotFound):
        await explain(site, **asked)
