"""Roles that carry a policy."""

import pytest

from admit_server.domain.errors import AlreadyExists, NotAllowed, NotFound
from admit_server.domain.token_policy import TokenPolicy
from admit_server.flows.admin import policies, roles

pytestmark = pytest.mark.anyio


@pytest.fixture
async def once(rt, caller):
    await policies.set_policy("once", TokenPolicy(max_uses=1), rt=rt, caller=caller)
    return "once"


async def test_a_role_is_added_found_listed_changed_and_deleted(rt, caller, once, actions):
    made = await roles.add("editor", policy=once, rt=rt, caller=caller)

    assert await roles.find("editor", rt=rt) == made
    assert [role.name for role in (await roles.page(rt=rt)).items] == ["editor"]
    assert (await roles.update("editor", roles.RoleChange(policy=None), rt=rt, caller=caller)).policy is None
    await roles.delete("editor", rt=rt, caller=caller)
    with pytest.raises(NotFound):
        await roles.find("editor", rt=rt)
    assert {"role.added", "role.updated", "role.deleted"} <= set(await actions())


async def test_a_role_is_added_once_with_a_policy_that_exists(rt, caller):
    await roles.add("editor", policy=None, rt=rt, caller=caller)

    with pytest.raises(AlreadyExists):
        await roles.add("editor", policy=None, rt=rt, caller=caller)
    with pytest.raises(NotFound, match="no policy"):
        await roles.add("writer", policy="none", rt=rt, caller=caller)
    with pytest.raises(NotAllowed):
        await roles.add("Two Words", policy=None, rt=rt, caller=caller)
    for work in (
        lambda: roles.update("nobody", roles.RoleChange(policy=None), rt=rt, caller=caller),
        lambda: roles.delete("nobody", rt=rt, caller=caller),
        lambda: roles.update("editor", roles.RoleChange(policy="none"), rt=rt, caller=caller),
    ):
        with pytest.raises(NotFound):
            await work()
