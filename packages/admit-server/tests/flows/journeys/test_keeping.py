"""What is kept of a person: sealed where it could be used to forge a proof, opened for its authenticator alone."""

from dataclasses import replace

import pytest
from journeys_kit import give_card

from admit_server.authenticators.api import Subject
from admit_server.flows.journeys.keeping import opened, seen, seen_now, sent_to, stored_of, subject_of
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


async def test_what_is_sent_is_marked_alike_for_nobody_and_anybody_and_by_where_it_goes(site):
    alice = Subject(id="usr_1", username="alice", addresses=("a@example.com",))
    marks = [
        sent_to(each, rt=site.rt)
        for each in (None, alice, replace(alice, id="usr_2"), replace(alice, addresses=("b@example.com",)))
    ]
    assert len(set(marks)) == 4
    assert {len(mark) for mark in marks} == {32}
    assert sent_to(replace(alice, username="renamed"), rt=site.rt) == marks[1]
