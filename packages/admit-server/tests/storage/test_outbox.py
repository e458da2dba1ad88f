"""The contract of the outbox, on both engines: each mail is tried by one server at a time."""

import asyncio
from dataclasses import replace

import pytest

from admit_server.domain.outgoing_mail import OutgoingMail
from admit_server.storage.open import open_store
from admit_server.storage.statements import bind

pytestmark = pytest.mark.anyio

NOW = 1_800_000_000


@pytest.fixture
async def store(database_url, anyio_backend):
    opened = await open_store(database_url, bind, connections=32)
    yield opened
    await opened.close()


def mail(number, **changes):
    made = OutgoingMail(
        id=f"mai_{number}",
        template="code",
        user_id="usr_1",
        sealed=b"\x00sealed",
        created_at=NOW,
        due_at=NOW,
        expires_at=NOW + 600,
    )
    return replace(made, **changes)


async def test_of_64_who_want_to_send_a_mail_exactly_one_gets_it(store):
    for number in range(10):
        one = mail(number)
        await store.write(lambda tx, one=one: tx.outbox.add(one))
        claims = [store.write(lambda tx, one=one: tx.outbox.claim(one, again_at=NOW + 60)) for _ in range(64)]
        assert (await asyncio.gather(*claims)).count(True) == 1


async def test_the_longest_waiting_come_first_and_those_to_come_not_yet(store):
    for one in (mail(1, due_at=NOW), mail(2, due_at=NOW - 5), mail(3, due_at=NOW + 1)):
        await store.write(lambda tx, one=one: tx.outbox.add(one))

    assert [each.id for each in await store.read.outbox.due(now=NOW, limit=10)] == ["mai_2", "mai_1"]
    assert await store.read.outbox.due(now=NOW, limit=1) == [mail(2, due_at=NOW - 5)]
    assert await store.read.outbox.count() == 3


async def test_a_mail_that_was_taken_is_due_again_later_unless_it_is_removed(store):
    await store.write(lambda tx: tx.outbox.add(mail(1)))
    assert await store.write(lambda tx: tx.outbox.claim(mail(1), again_at=NOW + 60))

    assert await store.read.outbox.due(now=NOW + 59, limit=10) == []
    again = await store.read.outbox.due(now=NOW + 60, limit=10)
    assert again == [mail(1, due_at=NOW + 60, attempts=1)]
    assert await store.write(lambda tx: tx.outbox.remove("mai_1"))
    assert not await store.write(lambda tx: tx.outbox.remove("mai_1"))
