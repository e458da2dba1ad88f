"""What the administrator is told of a refusal."""

import pytest

from admit_server.domain.denial import Check, Denial
from admit_server.domain.errors import NotFound
from admit_server.flows.admin import clients, denials, users

pytestmark = [
    pytest.mark.anyio,
    pytest.mark.parametrize("database_url", ["sqlite", "postgresql"], indirect=True),
]
NUMBER = "den_" + "a" * 22


@pytest.fixture
async def kept(rt, caller):
    user = await users.add(users.NewUser(username="alice"), rt=rt, caller=caller)
    for name in ("web", "api"):
        await clients.add(clients.NewClient(name=f"The {name}", client_id=name), rt=rt, caller=caller)
    denial = Denial(
        id=NUMBER,
        at=rt.clock(),
        code="token_expired",
        endpoint="GET /items",
        client_id="web",
        user_id=user.id,
        network="192.0.2.1",
        checks=(Check("end", "later", "earlier", False),),
        reported_by="api",
    )

    async def unit(tx):
        await tx.denials.add(denial)

    await rt.store.write(unit)
    return denial


async def test_an_explanation_names_people_and_clients_and_what_mends_it(rt, kept):
    found = await denials.explain(NUMBER, rt=rt)
    assert found.denial == kept
    assert (found.username, found.client_name, found.reporter_name) == ("alice", "The web", "The api")
    assert "the app takes a new one" in found.remedy


async def test_what_is_not_kept_is_said_to_be_so_with_the_reason(rt):
    with pytest.raises(NotFound, match="the others are counted"):
        await denials.explain(NUMBER, rt=rt)
    for text in ("", "den_x", "ses_" + "a" * 22, "x" * 500):
        with pytest.raises(NotFound, match="is not the id of a refusal"):
            await denials.explain(text, rt=rt)


async def test_the_newest_are_listed_of_all_or_of_one_client(rt, kept):
    assert [item.denial.id for item in await denials.recent(client_id=None, limit=5, rt=rt)] == [NUMBER]
    assert [item.denial.id for item in await denials.recent(client_id="web", limit=5, rt=rt)] == [NUMBER]
    assert await denials.recent(client_id="api", limit=5, rt=rt) == []
