"""The contract of what a session has proved, on both engines: kept for living sessions alone, and noted by who sets something up in one."""

import asyncio
from dataclasses import replace

import pytest

from admit_server.authenticators.api import Enrolled, Verified
from admit_server.authenticators.passkey import PasskeyAuthenticator
from admit_server.authenticators.recovery_codes import RecoveryCodesAuthenticator
from admit_server.domain.account import SignInTooOld
from admit_server.domain.errors import AccessDenied
from admit_server.domain.journey import Proof
from admit_server.domain.session import Session
from admit_server.domain.user import User
from admit_server.flows.journeys.enrolment import Addition, add_credential
from admit_server.flows.journeys.state import Asked
from admit_server.flows.runtime import Caller, KeyringHolder, Runtime
from admit_server.machine.clock import system_entropy
from admit_server.machine.hashing import Argon2Hasher, HashingLimits
from admit_server.ports.users import Credential
from admit_server.storage.open import open_store
from admit_server.storage.statements import bind
from admit_server.tokens import opaque
from admit_server.tokens.envelope import Vault
from admit_server.tokens.keyring import Keyring

pytestmark = pytest.mark.anyio
NOW = 1_800_000_000
PASSWORD = Proof("password", NOW, ("pwd",), frozenset({"knowledge"}))
PASSKEY = Proof("passkey", NOW + 5, ("pop", "user"), frozenset({"possession", "inherence"}), True)
PASSKEYS = PasskeyAuthenticator(rp_id="id.example")
SHOWN = Verified(amr=("pop", "user"), factors=frozenset({"possession", "inherence"}))
ADA, BEN = (
    User(id=f"usr_{name}", username=name, email=None, roles=(), created_at=NOW, updated_at=NOW)
    for name in ("ada", "ben")
)


def session(number, user=ADA, **more):
    values = {"proofs": (PASSWORD,), "expires_at": NOW + 3600} | more
    return Session(
        id=f"ses_{number}",
        user_id=user.id,
        auth_time=NOW,
        amr=("pwd",),
        acr="urn:admit:acr:1fa",
        network="192.0.2.1",
        user_agent="",
        in_browser=True,
        created_at=NOW,
        last_seen_at=NOW,
        **values,
    )


@pytest.fixture
async def store(database_url, anyio_backend):
    """Two living sessions of ada (one from before proofs were kept), one that ended, one that is over, one of ben, one of an app."""
    opened = await open_store(database_url, bind, connections=16)

    async def furnish(tx):
        for user in (ADA, BEN):
            await tx.users.add(user, username_key=user.username)
        there = (
            session(1),
            session(2, proofs=()),
            session(3),
            session(4, expires_at=NOW + 1),
            session(5, BEN),
            session(6),
        )
        for number, each in enumerate(there):
            await tx.sessions.add(each, digest=bytes([number]) * 32 if number < 5 else None)
        await tx.sessions.end("ses_3", reason="logout", now=NOW)

    await opened.write(furnish)
    yield opened
    await opened.close()


@pytest.fixture
def rt(store):
    hasher = Argon2Hasher(HashingLimits(memory_kib=8, passes=1, threads=1))
    return Runtime(
        store=store,
        clock=lambda: NOW + 5,
        entropy=system_entropy,
        vault=Vault.from_keys([bytes(32)]),
        hasher=hasher,
        issuer="https://id.example",
        authenticators={PASSKEYS.name: PASSKEYS},
        keys=KeyringHolder(Keyring(())),
    )


async def all_of(store):
    return [await store.read.sessions.get(f"ses_{number}") for number in range(1, 7)]


async def renew(store, session_id, *proofs, user=ADA):
    async def unit(tx):
        return await tx.sessions.renew(
            session_id,
            user_id=user.id,
            digest=b"new" + session_id[-1:].encode() * 29,
            auth_time=NOW + 4,
            amr=("pwd", "pop"),
            acr="urn:admit:acr:phr",
            proofs=proofs,
            now=NOW + 5,
        )

    return await store.write(unit)


async def test_a_session_that_is_renewed_has_what_it_proved_and_another_secret_and_the_others_stay(store):
    before = await all_of(store)
    assert await renew(store, "ses_1", PASSWORD, PASSKEY)
    renewed = replace(
        before[0],
        auth_time=NOW + 4,
        amr=("pwd", "pop"),
        acr="urn:admit:acr:phr",
        proofs=(PASSWORD, PASSKEY),
        last_seen_at=NOW + 5,
    )
    assert await all_of(store) == [renewed, *before[1:]]
    assert await store.read.sessions.by_digest(bytes(32)) is None
    assert await store.read.sessions.by_digest(b"new" + b"1" * 29) == renewed


@pytest.mark.parametrize("session_id", ["ses_3", "ses_4", "ses_5", "ses_9"])
async def test_one_that_ended_or_is_over_or_is_another_persons_or_never_was_is_not(store, session_id):
    before = await all_of(store)
    assert not await renew(store, session_id, PASSWORD, PASSKEY)
    assert await all_of(store) == before


async def test_of_an_end_and_renewals_at_once_the_end_stays(store):
    async def end():
        return await store.write(lambda tx: tx.sessions.end("ses_1", reason="logout", now=NOW + 5))

    await asyncio.gather(*(renew(store, "ses_1", PASSKEY) for _ in range(8)), end())
    assert (await store.read.sessions.get("ses_1")).ended_at == NOW + 5
    assert not await renew(store, "ses_1", PASSWORD)


def addition(number=1, *, by=PASSKEYS, proved=SHOWN, user=ADA, challenge=None):
    """Something that was set up, ready to be stored."""
    name = by.name
    kept = Credential(
        id=f"crd_{number}",
        user_id=user.id,
        authenticator=name,
        data="{}",
        version=1,
        created_at=NOW,
        updated_at=NOW,
        label="",
        lookup=f"{name} {number}",
    )
    asked = Asked(name, b"", challenge or f"challenge {number}", user.id)
    return Addition(by, user, asked, Enrolled(data="{}", label="", proved=proved), kept, most=20)


async def add(rt, made, shown_in):
    return await add_credential(made, shown_in=shown_in, rt=rt, caller=Caller())


async def credentials(store):
    return [each.id for each in await store.read.credentials.all_of_user(ADA.id)]


async def test_whoever_sets_something_up_has_shown_it_in_their_session_and_in_no_other(store, rt):
    before = await all_of(store)
    added = await add(rt, addition(), before[0])
    is_now = replace(
        before[0],
        amr=("pwd", "pop", "user", "mfa"),
        acr="urn:admit:acr:phr",
        proofs=(PASSWORD, PASSKEY),
        last_seen_at=NOW + 5,
    )
    assert await all_of(store) == [is_now, *before[1:]]
    assert await store.read.sessions.by_digest(opaque.digest(added.cookie)) == is_now
    assert await store.read.sessions.by_digest(bytes(32)) is None, "a copy of the cookie before gains nothing"


async def test_a_session_from_before_proofs_were_kept_has_the_password_and_what_was_set_up(store, rt):
    old = await store.read.sessions.get("ses_2")
    assert old.proofs == ()
    await add(rt, addition(), old)
    assert (await store.read.sessions.get("ses_2")).proofs == (PASSWORD, PASSKEY)


@pytest.mark.parametrize("number", [3, 4])
async def test_in_a_session_that_ended_meanwhile_nothing_is_set_up(store, rt, number):
    """It is as it is in the unit, whatever the caller thinks it is."""
    before = await all_of(store)
    with pytest.raises(SignInTooOld):
        await add(rt, addition(), session(number))
    assert await all_of(store) == before
    assert await credentials(store) == []


@pytest.mark.parametrize("number", [5, 6])
async def test_a_session_of_somebody_else_or_of_an_app_is_left_as_it_is(store, rt, number):
    before = await all_of(store)
    assert (await add(rt, addition(), before[number - 1])).cookie is None
    assert await all_of(store) == before
    assert await credentials(store) == ["crd_1"]


async def test_what_shows_nothing_by_being_set_up_is_not_noted(store, rt):
    """A set of recovery codes is read off a page: nobody has proven anything with it."""
    before = await all_of(store)
    assert (await add(rt, addition(by=RecoveryCodesAuthenticator(), proved=None), before[0])).cookie is None
    assert (await add(rt, addition(2), None)).cookie is None
    assert await all_of(store) == before


async def test_what_is_refused_is_not_noted(store, rt):
    await add(rt, addition(1, challenge="the same"), await store.read.sessions.get("ses_1"))
    before = await all_of(store)
    with pytest.raises(AccessDenied):
        await add(rt, addition(2, challenge="the same"), before[1])
    assert await all_of(store) == before
    assert await credentials(store) == ["crd_1"]


async def test_of_many_set_up_at_once_in_one_session_each_is_noted_and_one_cookie_is_left(store, rt):
    """The person's row is locked first, so that nobody writes over what another one has noted."""
    mine = await store.read.sessions.get("ses_1")
    made = await asyncio.gather(*(add(rt, addition(number), mine) for number in range(12)))
    noted = (await store.read.sessions.get("ses_1")).proofs
    assert [proof.authenticator for proof in noted] == ["password", *["passkey"] * 12]
    assert len(await credentials(store)) == 12
    opened = [await store.read.sessions.by_digest(opaque.digest(each.cookie)) for each in made]
    assert len([each for each in opened if each is not None]) == 1
