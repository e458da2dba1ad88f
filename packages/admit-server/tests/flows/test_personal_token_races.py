"""Personal tokens that are made while roles are taken, on both engines."""

import asyncio
from contextlib import AsyncExitStack

import pytest
from site_kit import API, Clock, CountingHasher, Machine, Site, seed, settings_for

from admit_server.app import open_parts, open_site
from admit_server.domain.errors import NotAllowed
from admit_server.flows import personal_tokens
from admit_server.flows.admin import resources, roles, users
from admit_server.flows.runtime import Caller
from admit_server.starting import read_or_make_key_file

pytestmark = pytest.mark.anyio
CALLER = Caller(actor="test")
GUARDED = frozenset({"notes:write"})


@pytest.fixture
async def processes(database_url, tmp_path, anyio_backend):
    """The runtimes of two server processes over one database, where a scope belongs to a role."""
    read_or_make_key_file(tmp_path / "admit.key")
    clock = Clock()
    machine = Machine(clock=clock, hasher=CountingHasher)
    settings = settings_for(tmp_path, database=database_url)
    async with AsyncExitStack() as opened:
        server = await opened.enter_async_context(open_site(settings, machine=machine))
        other = (await opened.enter_async_context(open_parts(settings, machine=machine)))[0]
        site = Site(server, clock, await seed(server.runtime), tmp_path)
        await resources.update(API, resources.ResourceChange(personal_tokens=True), rt=site.rt, caller=CALLER)
        await roles.add("writer", policy=None, scopes=GUARDED, rt=site.rt, caller=CALLER)
        yield site.rt, other
        await site.close()


async def test_whoever_loses_a_role_in_this_moment_keeps_no_token_with_its_scopes(processes):
    rt, other = processes
    for _ in range(6):
        user = await users.update("alice", users.UserChange(roles=("writer",)), rt=rt, caller=CALLER)
        wanted = [
            personal_tokens.NewPersonalToken(
                id=rt.new_id("tok"), user=user.user, audience=API, name="late", scopes=GUARDED
            )
            for _ in range(6)
        ]
        making = [personal_tokens.make(new, by_administrator=False, rt=rt, caller=CALLER) for new in wanted]
        taking = users.update("alice", users.UserChange(roles=()), rt=other, caller=CALLER)
        *made, _ = await asyncio.gather(*making, taking, return_exceptions=True)
        assert all(isinstance(each, personal_tokens.Made | NotAllowed) for each in made)
        kept = await rt.store.read.personal_tokens.of_user(user.user.id, after="", limit=200)
        assert not [token for token in kept if token.is_alive(rt.clock())]
