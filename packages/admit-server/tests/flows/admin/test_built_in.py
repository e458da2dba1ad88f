"""What every installation has."""

from dataclasses import replace

import pytest

from admit_server.domain.administration import ADMIN_CLIENT, ALL
from admit_server.flows.admin import built_in
from admit_server.flows.admin.clients import find

pytestmark = pytest.mark.anyio


async def test_resource_role_and_client_are_made_once(rt, actions):
    await built_in.ensure(rt)
    await built_in.ensure(rt)

    assert await actions() == ["built_in.made"]
    resource = await rt.store.read.resources.get(f"{rt.issuer}/api/v1")
    assert resource.format == "opaque"
    assert frozenset(resource.scopes) == ALL
    assert (await rt.store.read.roles.get("admin")).scopes == ALL


async def test_nobody_can_sign_in_with_the_client(rt):
    await built_in.ensure(rt)

    client = await find(ADMIN_CLIENT, rt=rt)
    assert client.grant_types == frozenset()
    assert client.secret_digest is None


async def test_scopes_of_an_older_version_and_another_issuer_are_corrected(rt):
    await built_in.ensure(rt)

    async def age(tx):
        resource = await tx.resources.get(f"{rt.issuer}/api/v1")
        await tx.resources.update(replace(resource, scopes={"users:read": "old"}, policy=None))

    await rt.store.write(age)
    await built_in.ensure(rt)
    assert frozenset((await rt.store.read.resources.get(f"{rt.issuer}/api/v1")).scopes) == ALL

    moved = replace(rt, issuer="https://id.example")
    await built_in.ensure(moved)
    assert (await find(ADMIN_CLIENT, rt=moved)).audiences == ("https://id.example/api/v1",)
