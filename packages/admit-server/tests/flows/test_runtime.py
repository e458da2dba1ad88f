"""What every flow may use."""

import pytest

from admit_server.domain.errors import InvalidGrant
from admit_server.flows.runtime import Caller, Refusal, or_raise

pytestmark = pytest.mark.anyio


def test_the_outcome_of_a_unit_is_handed_on_and_its_refusal_raised():
    assert or_raise(7) == 7
    with pytest.raises(InvalidGrant, match="why"):
        or_raise(Refusal(InvalidGrant("x", detail="why")))


async def test_an_event_says_where_it_came_from_and_when(site):
    event = site.rt.event("a.b", "target", actor="me", caller=Caller(network="192.0.2.9"), now=5, outcome="refused")
    assert (event.at, event.actor, event.action, event.target) == (5, "me", "a.b", "target")
    assert (event.outcome, event.network) == ("refused", "192.0.2.9")
    assert event.id.startswith("evt_")


async def test_ids_and_nonces_come_from_the_entropy_that_was_given(site):
    from dataclasses import replace

    fixed = replace(site.rt, entropy=lambda size: b"\x01" * size)
    assert fixed.new_id("usr") == fixed.new_id("usr")
    assert fixed.nonce() == "01" * 8
    assert site.rt.new_id("usr") != site.rt.new_id("usr")
