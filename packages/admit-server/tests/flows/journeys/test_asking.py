"""Beginning a step: what an authenticator gets, and what happens when it fails."""

import pytest

from admit_server.authenticators.api import Base
from admit_server.domain.errors import TemporarilyUnavailable
from admit_server.flows.journeys.asking import begin, context_of

pytestmark = pytest.mark.anyio


async def test_each_authenticator_has_a_key_of_its_own_that_stays(site, desk, card, letter):
    rt = desk()

    def mac(authenticator):
        return context_of(authenticator, first=True, rt=rt, now=1).mac(b"x")

    assert mac(card) == mac(card)
    assert mac(card) != mac(letter)


async def test_it_learns_who_is_asked_and_what_they_have(site, desk, card):
    rt = desk()
    alice = await rt.store.read.users.by_username_key("alice")
    pending = await begin(card, alice, first=False, rt=rt, now=1)
    assert card.begun[0].username == "alice"
    assert (pending.authenticator, pending.challenge.public) == ("card", {"of": 0})
    assert pending.id != (await begin(card, None, first=True, rt=rt, now=1)).id
    assert card.begun[1] is None


@pytest.mark.parametrize("answer", [RuntimeError("its own trouble"), None, {"kind": "x"}])
async def test_one_that_fails_to_begin_is_named_in_the_log_and_to_nobody_else(site, desk, caplog, answer):
    class Broken(Base):
        name = "broken"

        async def begin(self, ctx, subject, credentials):
            if isinstance(answer, Exception):
                raise answer
            return answer

    with pytest.raises(TemporarilyUnavailable) as refusal:
        await begin(Broken(), None, first=True, rt=desk(), now=1)
    assert "broken" not in refusal.value.advice
    assert any("broken" in record.getMessage() for record in caplog.records)
