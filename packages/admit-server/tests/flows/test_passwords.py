"""Passwords that another system hashed: they open once, and are ours afterwards; and failures tell nobody whose they are."""

import asyncio

import pytest

from admit_server.domain.password_dumps import Dumped
from admit_server.flows import passwords
from admit_server.flows.admin import importing, users
from admit_server.flows.runtime import Caller

pytestmark = pytest.mark.anyio

# Made by Django 5.2 (BCryptSHA256PasswordHasher): tests/machine/vectors/password_hashes.json.
PASSWORD = "Grüße aus Zürich 你好"
HASHED = "bcrypt_sha256$$2b$04$H8quLe7JMdfjuoXw2zD7YuYkd5LA/XQGyX/rfsqaQsXD3i2BHzA3u"
MADE = "$bcrypt-sha256-hex$2b$04"


@pytest.fixture
async def ann(site):
    person = importing.Immigrant(line=1, username="ann", password=Dumped(hashed=HASHED))
    await importing.import_users([person], dry_run=False, rt=site.rt, caller=Caller())
    return await users.find("ann", rt=site.rt)


async def stored(site, user):
    [credential] = await site.rt.store.read.credentials.of_user(user.id, "password")
    return credential


async def test_the_first_right_password_opens_and_is_hashed_anew(site, ann):
    assert (await site.browser().sign_in(username="ann", password="wrong wrong wrong")).status_code == 403
    assert (await stored(site, ann)).data.startswith(MADE)

    assert (await site.browser().sign_in(username="ann", password=PASSWORD)).status_code == 303
    kept = await stored(site, ann)
    assert kept.data.startswith("$argon2id$")
    assert kept.version == 1, "it is the same password"

    made = site.hasher.hashed
    assert (await site.browser().sign_in(username="ann", password=PASSWORD)).status_code == 303
    assert site.hasher.hashed == made
    assert await stored(site, ann) == kept or (await stored(site, ann)).data == kept.data


async def test_of_first_sign_ins_at_once_each_succeeds_and_they_leave_one_hash_that_opens(site, ann):
    answers = await asyncio.gather(*(site.browser().sign_in(username="ann", password=PASSWORD) for _ in range(4)))

    assert {answer.status_code for answer in answers} == {303}
    assert (await stored(site, ann)).data.startswith("$argon2id$")
    site.clock.advance(100_000)
    assert (await site.browser().sign_in(username="ann", password=PASSWORD)).status_code == 303


async def test_the_hasher_is_told_of_the_makes_that_were_imported(site, ann):
    assert MADE not in site.hasher._seconds
    await passwords.expect_imported(rt=site.rt)
    assert MADE in site.hasher._seconds


async def test_a_make_is_forgotten_when_the_last_of_its_hashes_was_replaced(site, ann):
    assert await passwords.forget_unused_schemes(rt=site.rt) == 0
    assert (await site.browser().sign_in(username="ann", password=PASSWORD)).status_code == 303

    assert await passwords.forget_unused_schemes(rt=site.rt) == 1
    assert await site.rt.store.read.password_schemes.all() == []
