"""What is kept of a person: sealed where it could be used to forge a proof, opened for its authenticator alone."""

import pytest
from journeys_kit import give_card

from admit_server.flows.journeys.keeping import opened, seen, seen_now, stored_of, subject_of
from admit_server.ports.users import Credential
from admit_server.tokens.envelope import NotSealedHere

pytestmark = pytest.mark.anyio


async def test_a_secret_is_sealed_in_the_database_and_open_for_its_authenticator(site, desk, card):
    rt = desk()
    kept = await give_card(site)
    assert await site.rows("SELECT COUNT(*) FROM credential WHERE data LIKE '[%' AND authenticator = 'card'") == [(0,)]
    user = await rt.store.read.users.get(kept.user_id)
    stored = await stored_of(rt.store.read, user, card, rt=rt)
    assert [(each.data, each.label) for each in stored] == [('["2", "3"]', "Card")]
    assert seen(stored) == ((kept.id, 1),) == await seen_now(rt.store.read, user.id, "card")


async def test_a_sealed_text_can_not_be_moved_to_another_credential(site, desk, card):
    rt = desk()
    kept = await give_card(site)
    moved = Credential(
        id="crd_other",
        user_id=kept.user_id,
        authenticator="card",
        data=kept.data,
        version=1,
        created_at=1,
        updated_at=1,
    )
    with pytest.raises(NotSealedHere):
        opened(moved, card, rt=rt)


async def test_nobody_has_nothing(site, desk, card):
    rt = desk()
    assert await stored_of(rt.store.read, None, card, rt=rt) == ()


async def test_a_person_is_known_by_id_name_and_address(site):
    alice = await site.rt.store.read.users.by_username_key("alice")
    subject = await subject_of(site.rt.store.read, alice)
    assert (subject.id, subject.username, subject.addresses) == (alice.id, "alice", ()), (
        "nobody has verified the address yet"
    )
