"""Nobody raises themselves."""

from dataclasses import replace

import pytest

from admit_server.domain.administration import ALL, Powers
from admit_server.domain.errors import ExceedsPowers
from admit_server.flows.admin import roles, users
from admit_server.flows.runtime import Caller

pytestmark = pytest.mark.anyio


def acting(*scopes, others=frozenset()):
    return Caller(actor="usr_x", powers=Powers(scopes=frozenset(scopes), others=others))


async def test_who_has_less_can_not_give_the_role_admin(rt):
    with pytest.raises(ExceedsPowers, match="audit:read"):
        await users.add(users.NewUser(username="eve", roles=("admin",)), rt=rt, caller=acting("users:write"))


async def test_who_has_all_can(rt):
    caller = replace(acting(*ALL), actor="usr_root")

    assert (await users.add(users.NewUser(username="eve", roles=("admin",)), rt=rt, caller=caller)).roles == ("admin",)


async def test_a_role_can_be_given_by_who_has_its_scopes_and_by_nobody_else(rt, caller):
    await roles.add("desk", policy=None, scopes=frozenset({"users:read"}), rt=rt, caller=caller)
    new = users.NewUser(username="eve", roles=("desk",))

    with pytest.raises(ExceedsPowers):
        await users.add(new, rt=rt, caller=acting("users:write"))
    assert await users.add(new, rt=rt, caller=acting("users:write", "users:read"))


async def test_a_role_with_scopes_of_other_resources_needs_them_too(rt, caller):
    await roles.add("clerk", policy=None, scopes=frozenset({"orders:write"}), rt=rt, caller=caller)
    new = users.NewUser(username="eve", roles=("clerk",))

    with pytest.raises(ExceedsPowers):
        await users.add(new, rt=rt, caller=acting(*ALL))
    assert await users.add(new, rt=rt, caller=acting("users:write", others=frozenset({"orders:write"})))


async def test_a_role_can_not_be_made_stronger_than_its_maker(rt):
    with pytest.raises(ExceedsPowers):
        await roles.add("desk", policy=None, scopes=frozenset({"keys:write"}), rt=rt, caller=acting("roles:write"))


async def test_a_word_without_meaning_is_free(rt):
    assert await users.add(users.NewUser(username="eve", roles=("editor",)), rt=rt, caller=acting("users:write"))
