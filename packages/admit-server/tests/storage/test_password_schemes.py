"""The contract of the makes of imported hashes, on both engines."""

import asyncio

import pytest

from admit_server.domain.user import User
from admit_server.ports.password_schemes import PasswordScheme
from admit_server.ports.users import Credential
from admit_server.storage.open import open_store
from admit_server.storage.statements import bind

pytestmark = pytest.mark.anyio

OLD = PasswordScheme("$2b$12", "$2b$12$" + "." * 53, 100)
OTHER = PasswordScheme("$2b$1", "$2b$1$...", 100)


@pytest.fixture
async def store(database_url, anyio_backend):
    opened = await open_store(database_url, bind, connections=8)
    yield opened
    await opened.close()


async def note(store, scheme):
    await store.write(lambda tx: tx.password_schemes.note(scheme))


async def test_a_make_is_noted_once_however_often_it_is_imported(store):
    await asyncio.gather(*(note(store, OLD) for _ in range(8)))
    await note(store, PasswordScheme(OLD.parameters, OLD.stand_in, 200))

    assert await store.read.password_schemes.all() == [PasswordScheme(OLD.parameters, OLD.stand_in, 200)]


async def test_a_make_is_not_forgotten_when_more_of_it_came_meanwhile(store):
    await note(store, OLD)
    await note(store, PasswordScheme(OLD.parameters, OLD.stand_in, 200))

    assert not await store.write(lambda tx: tx.password_schemes.forget(OLD))
    assert await store.write(lambda tx: tx.password_schemes.forget(PasswordScheme(OLD.parameters, "", 200)))
    assert await store.read.password_schemes.all() == []


async def test_it_is_seen_whether_anybodys_password_is_still_hashed_so(store):
    user = User(id="usr_1", username="ann", email=None, roles=(), created_at=1, updated_at=1)
    kept = {"id": "crd_1", "user_id": user.id, "version": 1, "created_at": 1, "updated_at": 1}

    async def unit(tx):
        await tx.users.add(user, username_key="ann")
        await tx.credentials.put(Credential(**kept, authenticator="password", data="$2b$12$" + "A" * 53))

    await store.write(unit)

    async def in_use(parameters):
        return await store.view(lambda tx: tx.password_schemes.in_use(parameters))

    assert await in_use(OLD.parameters)
    assert not await in_use(OTHER.parameters)
    assert not await in_use("$2b$13")
    await store.write(lambda tx: tx.credentials.replace("crd_1", data="$argon2id$v=19$...", version=1, now=2))
    assert not await in_use(OLD.parameters)
