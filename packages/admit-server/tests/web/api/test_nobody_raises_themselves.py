"""Every way by which somebody with a few scopes could come to more, and that it is closed."""

import pytest

pytestmark = pytest.mark.anyio

WRITES = (
    "users:read", "users:write", "roles:read", "roles:write", "clients:read", "clients:write", "tokens:issue", "journeys:write",
)  # fmt: skip


@pytest.fixture
async def eve(people, api):
    """Somebody who may change people, roles and clients, and issue tokens; not keys."""
    return await people.helper(*WRITES, name="eve")


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("POST", "/users", {"username": "puppet", "roles": ["admin"]}),
        ("PATCH", "/users/eve", {"roles": ["admin"]}),
        ("PATCH", "/users/root", {"roles": []}),
        ("POST", "/users/root/password", {"password": "eves own sturdy phrase"}),
        ("POST", "/users/root/disable", None),
        ("DELETE", "/users/root", None),
        ("POST", "/roles", {"name": "more", "scopes": ["keys:write"]}),
        ("PATCH", "/roles/eves", {"scopes": ["keys:write"]}),
        ("PATCH", "/roles/keepers", {"scopes": ["users:read"]}),
        ("PATCH", "/roles/admin", {"policy": None}),
        ("DELETE", "/roles/keepers", None),
        ("POST", "/clients", {"name": "Door", "audiences": ["{api}"]}),
        ("PATCH", "/clients/backup", {"redirect_uris": ["https://eve.example/cb"]}),
        ("POST", "/clients/backup/secret", {}),
        ("DELETE", "/clients/backup", None),
        ("POST", "/sign-in-rules", {"name": "easy", "requires": "password", "role": "admin"}),
        ("PUT", "/sign-in-rules/keepers", {"requires": "password", "role": "eves"}),
        ("PUT", "/sign-in-rules/eves", {"requires": "password", "role": "keepers"}),
        ("DELETE", "/sign-in-rules/keepers", None),
        ("POST", "/tokens", {"user": "root", "client": "admit-admin", "resource": "{api}"}),
        ("POST", "/tokens", {"user": "root", "client": "admit-admin", "resource": "{api}", "scopes": ["users:write"]}),
        ("POST", "/tokens", {"user": "paula", "client": "admit-admin", "resource": "{api}", "scopes": ["users:write"]}),
    ],
)
async def test_it_is_refused(api, eve, site, method, path, body):
    audience = f"{site.rt.issuer}/api/v1"
    await api.post("/roles", {"name": "keepers", "scopes": ["keys:write"]})
    await api.post("/sign-in-rules", {"name": "keepers", "requires": "totp", "role": "keepers"})
    await api.post("/sign-in-rules", {"name": "eves", "requires": "totp", "role": "eves"})
    # Paula may do the same at the API as eve, and has a role at another resource as well, which she could give.
    await api.post("/roles", {"name": "payers", "scopes": ["payments:approve"]})
    await api.post("/users", {"username": "paula", "roles": ["eves", "payers"]})
    await api.post("/clients", {"name": "backup", "audiences": [audience], "scopes": ["keys:read"]})
    body = (
        {k: [audience] if v == ["{api}"] else audience if v == "{api}" else v for k, v in body.items()}
        if body
        else body
    )

    answer = await eve.call(method, path, body, headers={"If-Match": "*"})

    assert (answer.status_code, answer.json()["code"]) == (403, "exceeds_powers"), answer.text


async def test_what_is_within_their_powers_is_done(api, eve, site):
    audience = f"{site.rt.issuer}/api/v1"

    assert (await eve.post("/users", {"username": "puppet", "roles": ["eves", "editor"]})).status_code == 201
    assert (await eve.post("/users/alice/password", {"password": "a new sturdy phrase"})).status_code == 200
    door = {"name": "Door", "audiences": [audience], "scopes": ["users:read"]}
    assert (await eve.post("/clients", door)).status_code == 201
    asked = {"user": "puppet", "client": "admit-admin", "resource": audience, "scopes": ["users:read"]}
    assert (await eve.post("/tokens", asked)).status_code == 201


async def test_a_narrow_token_of_root_is_no_way_to_all_of_root(people):
    narrow = await people.with_token("root", "users:read", "users:write")

    answer = await narrow.post("/users/root/password", {"password": "eves own sturdy phrase"})

    assert answer.json()["code"] == "exceeds_powers"
