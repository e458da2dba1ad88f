"""Who may use the API, as far as a clients' own tokens go; people's stand in web/api/test_access.py."""

import pytest

from admit_server.domain.errors import InsufficientScope, InvalidToken
from admit_server.flows.admin import built_in, clients
from admit_server.flows.admin.access import admit_administrator
from admit_server.flows.client_auth import AuthenticatedClient
from admit_server.flows.redeem import Use
from admit_server.flows.runtime import Caller
from admit_server.flows.token import client_credentials

pytestmark = pytest.mark.anyio


@pytest.fixture
async def robot(rt, caller):
    await built_in.ensure(rt)
    new = clients.NewClient(name="robot", audiences=(f"{rt.issuer}/api/v1",), scopes=frozenset({"users:read"}))
    return (await clients.add(new, rt=rt, caller=caller)).client


@pytest.fixture
async def token(rt, robot):
    asked = client_credentials.ClientCredentialsGrant(scopes=frozenset(), resource=None)
    who = AuthenticatedClient(robot, proved=True)
    return (await client_credentials.exchange(asked, who=who, rt=rt, caller=Caller())).access_token


async def test_a_client_in_its_own_name_may_do_what_it_was_added_with(rt, robot, token):
    who = await admit_administrator(token, scope="users:read", use=Use(), rt=rt, caller=Caller())

    assert (who.id, who.caller.actor) == (robot.id, robot.id)
    assert who.caller.powers.scopes == {"users:read"}
    with pytest.raises(InsufficientScope):
        await admit_administrator(token, scope="users:write", use=Use(), rt=rt, caller=Caller())


async def test_a_client_that_is_disabled_may_do_nothing(rt, robot, token):
    await rt.store.write(lambda tx: tx.clients.disable(robot.id, at=rt.clock()))

    with pytest.raises(InvalidToken):
        await admit_administrator(token, scope="users:read", use=Use(), rt=rt, caller=Caller())
