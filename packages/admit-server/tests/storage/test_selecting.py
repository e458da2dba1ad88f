"""What a selection selects, on both engines."""

import pytest

from admit_server.domain.selection import parse_selection
from admit_server.storage.open import open_store
from admit_server.storage.statements import bind

pytestmark = pytest.mark.anyio
NOW = 1_800_000_000


@pytest.fixture
async def store(database_url, anyio_backend):
    opened = await open_store(database_url, bind)

    async def unit(tx):
        run = tx.clients._tx.run
        for number, roles in ((1, '["editor","night shift"]'), (2, "[]")):
            await run(
                """INSERT INTO app_user (id, username, username_key, roles, created_at, updated_at)
                   VALUES (:id, :id, :id, :roles, 1, 1)""",
                id=f"usr_{number}",
                roles=roles,
            )
            await run(
                """INSERT INTO session (id, user_id, auth_time, amr, acr, network, user_agent, created_at, expires_at, jwt_alive_until)
                   VALUES (:id, :user_id, :at, '[]', 'low', :network, '', :at, :until, 0)""",
                id=f"ses_{number}",
                user_id=f"usr_{number}",
                at=NOW - 3600 * number,
                network=f"192.0.2.{number}",
                until=NOW + 600,
            )
        await run(
            """INSERT INTO client (id, name, kind, first_party, redirect_uris, post_logout_redirect_uris, grant_types, scopes, audiences,
                                   pkce_required, created_at) VALUES ('shop', 'Shop', 'public', 0, '[]', '[]', '', '', '[]', 1, 1)"""
        )
        for number, user in enumerate(("usr_1", "usr_2", None), 1):
            await run(
                """INSERT INTO access_grant (id, client_id, user_id, end_with_session, format, lifetime_s, auth_time, acr, amr, scopes,
                                             audience, policy, created_at, expires_at, jwt_alive_until)
                   VALUES (:id, 'shop', CAST(:user_id AS TEXT), 0, 'jwt', 60, CAST(:auth_time AS BIGINT), '', '[]', 'a_b c', 'api', '{}',
                           :at, :until, 0)""",
                id=f"grt_{number}",
                user_id=user,
                auth_time=NOW - 60 if user else None,
                at=NOW - 3600 * number,
                until=NOW + 600,
            )

    await opened.write(unit)
    yield opened
    await opened.close()


@pytest.mark.parametrize(
    ("what", "text", "found"),
    [
        ("grants", "user=usr_1", ["grt_1"]),
        ("grants", "user!=usr_1", ["grt_2", "grt_3"]),
        ("grants", "client=shop and resource=api and format=jwt and session!=x", ["grt_1", "grt_2", "grt_3"]),
        ("grants", "scope=a_b", ["grt_1", "grt_2", "grt_3"]),
        ("grants", "scope=axb", []),
        ("grants", "scope=b", []),
        ("grants", "role=editor", ["grt_1"]),
        ("grants", 'role="night shift"', ["grt_1"]),
        ("grants", "role!=editor", ["grt_2", "grt_3"]),
        ("grants", "age>90m", ["grt_2", "grt_3"]),
        ("grants", "age<90m", ["grt_1"]),
        ("grants", "signed_in<5m", ["grt_1", "grt_2"]),
        ("sessions", "network=192.0.2.2", ["ses_2"]),
        ("sessions", "role=editor and acr=low", ["ses_1"]),
        ("sessions", "signed_in>90m", ["ses_2"]),
    ],
)
async def test_conditions_select_what_they_say(store, what, text, found):
    selection = parse_selection(text, what=what)
    assert await store.read.selecting.some(selection, as_of=NOW, limit=10, now=NOW) == found
    assert await store.view(lambda tx: tx.selecting.count(selection, as_of=NOW, now=NOW)) == len(found)


async def test_what_has_ended_is_over_or_came_later_is_not_selected(store):
    selection = parse_selection("client=shop", what="grants")
    assert await store.read.selecting.some(selection, as_of=NOW - 5000, limit=10, now=NOW) == ["grt_2", "grt_3"]
    assert await store.read.selecting.some(selection, as_of=NOW, limit=10, now=NOW + 600) == []
    await store.write(lambda tx: tx.grants.end("grt_1", reason="x", now=NOW))
    assert await store.read.selecting.some(selection, as_of=NOW, limit=1, now=NOW) == ["grt_2"]
