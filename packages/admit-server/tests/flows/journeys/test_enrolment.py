"""Adding a way to sign in: once, for oneself, while there is room."""

import asyncio

import pytest
from journeys_kit import CALLER, give_card

from admit_server.domain.errors import AccessDenied, NotFound
from admit_server.flows.journeys import enrolment
from admit_server.flows.journeys.state import Asked

pytestmark = pytest.mark.anyio


async def ready(rt, username="alice", *, response=None, whose=None, label=""):
    user = await rt.store.read.users.by_username_key(username)
    pending = await enrolment.begin_enrolment("card", user, rt=rt, now=rt.clock())
    asked = Asked("card", pending.challenge.state, pending.id, whose or user.id)
    return await enrolment.finish_enrolment(
        "card", user, asked, response or {"first": "1"}, label=label, rt=rt, caller=CALLER
    )


async def test_it_is_stored_under_the_persons_own_words(site, desk):
    rt = desk()
    kept = (await enrolment.add_credential(await ready(rt, label="  My\n ring\x00 "), rt=rt, caller=CALLER)).credential
    assert (kept.label, kept.version, kept.lookup) == ("My ring", 1, None)
    event = (await site.events())[0]
    assert (event.action, event.details["by"], event.details["label"]) == ("credential.added", "card", "My ring")
    assert event.details["credential"] == kept.id


@pytest.mark.parametrize("wrong", [{"response": {"first": "2"}}, {"whose": "usr_somebody"}])
async def test_what_is_not_good_or_was_for_somebody_else_is_refused(site, desk, wrong):
    with pytest.raises(AccessDenied):
        await ready(desk(), **wrong)


async def test_one_answer_adds_one_credential_however_often_it_comes(site, desk):
    rt = desk()
    addition = await ready(rt)
    results = await asyncio.gather(
        *(enrolment.add_credential(addition, rt=rt, caller=CALLER) for _ in range(5)), return_exceptions=True
    )
    assert sum(not isinstance(result, Exception) for result in results) == 1
    assert all(isinstance(result, AccessDenied) for result in results if isinstance(result, Exception))


async def test_there_is_room_for_so_many_also_when_they_come_together(site, desk):
    rt = desk()
    additions = [await ready(rt) for _ in range(5)]
    await asyncio.gather(
        *(enrolment.add_credential(each, rt=rt, caller=CALLER) for each in additions), return_exceptions=True
    )
    assert await site.rows("SELECT COUNT(*) FROM credential WHERE authenticator = 'card'") == [(2,)]
    with pytest.raises(AccessDenied):
        await ready(rt)


async def test_what_belongs_to_one_account_is_added_to_no_other(site, desk):
    desk()
    await give_card(site, lookup="serial 7")
    with pytest.raises(AccessDenied) as refusal:
        await give_card(site, "bob", lookup="serial 7")
    assert "set up already" in refusal.value.advice


@pytest.mark.parametrize("name", ["letter", "nothing"])
async def test_what_has_nothing_to_set_up_is_not_found(site, desk, name):
    with pytest.raises(NotFound):
        enrolment.enrolling(name, rt=desk())


async def test_a_new_set_replaces_the_old(site, desk, card):
    rt = desk()
    await give_card(site)

    async def finish(ctx, state, response, credentials):
        return enrolment.Enrolled(data="[]", replaces=True)

    card.finish_enrolment = finish
    await enrolment.add_credential(await ready(rt), rt=rt, caller=CALLER)
    assert await site.rows("SELECT COUNT(*) FROM credential WHERE authenticator = 'card'") == [(1,)]
