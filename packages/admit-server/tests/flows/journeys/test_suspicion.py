"""Whose key may have been copied hears of it."""

import pytest

from admit_server.flows.admin import users
from admit_server.flows.journeys.suspicion import warning
from admit_server.flows.runtime import Caller
from admit_server.ports.users import Credential

pytestmark = pytest.mark.anyio
CALLER = Caller(network="10.0.0.9", user_agent="Firefox/128.0")


async def kept(site):
    alice = await users.find("alice", rt=site.rt)
    ring = Credential(
        id="crd_ring",
        user_id=alice.id,
        authenticator="passkey",
        data="{}",
        version=1,
        created_at=1,
        updated_at=1,
        label="Blue ring",
    )
    await site.rt.store.write(lambda tx: tx.credentials.put(ring))
    return alice


async def test_the_event_names_the_key_and_no_mail_goes_where_none_is_sent(site):
    alice = await kept(site)
    event, mails = await warning(alice, "crd_ring", rt=site.rt, caller=CALLER, now=5)
    assert (event.action, event.target, event.actor, event.outcome) == ("credential.suspected", alice.id, "", "refused")
    assert event.details == {"credential": "crd_ring", "label": "Blue ring"}
    assert mails == []


async def test_a_mail_to_the_owner_names_the_key_the_place_and_what_to_do(mail_site):
    alice = await kept(mail_site)
    _, mails = await warning(alice, "crd_ring", rt=mail_site.rt, caller=CALLER, now=5)
    assert [mail.template for mail in mails] == ["method_suspected"]


async def test_a_key_that_is_gone_is_told_without_a_name(site):
    alice = await users.find("alice", rt=site.rt)
    event, _ = await warning(alice, "crd_nothing", rt=site.rt, caller=CALLER, now=5)
    assert event.details["label"] == ""
