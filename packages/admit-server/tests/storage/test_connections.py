"""What clients hold of a person, on both engines."""

import pytest

from admit_server.storage.open import open_store
from admit_server.storage.statements import bind

pytestmark = pytest.mark.anyio
NOW = 1_800_000_000
# id, client, user, session, scopes, made, ends, alive until, ended
GRANTS = [
    ("grt_1", "shop", "usr_1", "ses_1", "read", -900, 600, 0, None),
    ("grt_2", "shop", "usr_1", None, "read write", -100, 600, 500, None),
    ("grt_3", "shop", "usr_1", None, "gone", -800, 600, 0, -1),
    ("grt_4", "shop", "usr_1", "ses_1", "late", -700, -1, 30, None),  # over, but its JWT is not
    ("grt_5", "shop", "usr_2", None, "other", -50, 600, 0, None),
    ("grt_6", "tokens", "usr_1", "ses_1", "pat", -50, 600, 0, None),
    ("grt_7", "till", "usr_1", "ses_1", "till", -40, 600, 0, None),
    ("grt_8", "till", "usr_1", None, "over", -40, -1, -1, None),
]


@pytest.fixture
async def store(database_url, anyio_backend):
    opened = await open_store(database_url, bind)

    async def unit(tx):
        run = tx.clients._tx.run
        for user in ("usr_1", "usr_2"):
            await run(
                """INSERT INTO app_user (id, username, username_key, roles, created_at, updated_at)
                   VALUES (:id, :id, :id, '[]', 1, 1)""",
                id=user,
            )
        await run(
            """INSERT INTO session (id, user_id, auth_time, amr, acr, network, user_agent, created_at, expires_at, jwt_alive_until)
               VALUES ('ses_1', 'usr_1', 1, '[]', '', '', '', 1, 1, 0)"""
        )
        for client in ("shop", "till", "tokens"):
            await run(
                """INSERT INTO client (id, name, kind, first_party, redirect_uris, post_logout_redirect_uris, grant_types, scopes,
                                       audiences, pkce_required, created_at)
                   VALUES (:id, 'The ' || :id, 'public', 0, '[]', '[]', '', '', '[]', 1, 1)""",
                id=client,
            )
        for grant_id, client, user, session, scopes, made, ends, jwt, ended in GRANTS:
            await run(
                """INSERT INTO access_grant (id, client_id, user_id, session_id, end_with_session, format, lifetime_s, acr, amr, scopes,
                                             audience, policy, created_at, expires_at, jwt_alive_until, ended_at)
                   VALUES (:id, :client, :user, CAST(:session AS TEXT), 0, 'jwt', 60, '', '[]', :scopes, 'api', '{}', :made, :ends, :jwt,
                           CAST(:ended AS BIGINT))""",
                id=grant_id,
                client=client,
                user=user,
                session=session,
                scopes=scopes,
                made=NOW + made,
                ends=NOW + ends,
                jwt=NOW + jwt if jwt else 0,
                ended=NOW + ended if ended else None,
            )

    await opened.write(unit)
    yield opened
    await opened.close()


async def test_living_grants_of_a_client_are_added_up(store):
    found = await store.read.connections.of_person("usr_1", apart="tokens", after="", limit=10, now=NOW)
    assert [(c.client_id, c.client_name, c.first_party, c.since - NOW) for c in found] == [
        ("shop", "The shop", False, -900),
        ("till", "The till", False, -40),
    ]
    assert found[0].scopes == {"api": {"read", "write", "late"}}
    assert found[0].last_issued_at == NOW + 500 - 60
    assert found[1].last_issued_at is None
    after = await store.read.connections.of_person("usr_1", apart="tokens", after="shop", limit=10, now=NOW)
    assert [c.client_id for c in after] == ["till"]
    assert len(await store.read.connections.of_person("usr_1", apart="tokens", after="", limit=1, now=NOW)) == 1


async def test_the_grants_that_still_open_anything(store):
    connections = store.read.connections
    assert await connections.grants("usr_1", "shop", limit=10, now=NOW) == ["grt_1", "grt_2", "grt_4"]
    assert await connections.grants("usr_1", "shop", limit=2, now=NOW) == ["grt_1", "grt_2"]
    assert await connections.grants("usr_2", "till", limit=10, now=NOW) == []


async def test_the_clients_of_a_session(store):
    connections = store.read.connections
    assert await connections.clients_of_session("ses_1", limit=10, now=NOW) == ["The shop", "The till", "The tokens"]
    assert await connections.clients_of_session("ses_2", limit=10, now=NOW) == []
