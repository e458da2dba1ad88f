"""The keyring over time."""

import pytest
from site_kit import claims_of

from admit.jose import Jwks, verify
from admit_server.domain.errors import NotAllowed
from admit_server.domain.signing_key import PUBLISH_AHEAD_S
from admit_server.flows import keys
from admit_server.flows.runtime import Caller, KeyringHolder
from admit_server.tokens.envelope import Vault

pytestmark = pytest.mark.anyio

ADMIN = Caller(actor="admin")


def states(site, alg="ES256"):
    now = site.clock()
    return sorted(k.stored.state(now) for k in site.rt.keys.current.keys if k.stored.alg == alg)


async def jwks(site):
    return Jwks.parse((await site.get("/jwks")).content)


async def test_there_is_one_active_key_of_each_algorithm_from_the_first_start(site):
    assert states(site, "ES256") == states(site, "RS256") == ["active"]


async def test_asking_again_makes_no_more_keys(site):
    for _ in range(3):
        await keys.ensure(site.rt)
        await keys.ensure_next(site.rt)
    await keys.refresh(site.rt)
    assert states(site, "ES256") == states(site, "RS256") == ["active", "next"]


async def test_a_private_key_is_stored_sealed_and_opens_only_with_the_key_file(site):
    rows = await site.rows("SELECT sealed_private, public_jwk FROM signing_key")
    for sealed, public in rows:
        assert b"PRIVATE" not in sealed
        assert '"d"' not in public
    stored = await site.rt.store.read.keys.all()
    assert all(keys.open_key(key, rt=site.rt).private for key in stored)
    stranger = site.with_runtime(vault=Vault.from_keys([b"x" * 32])).site.rt
    assert not any(keys.open_key(key, rt=stranger).private for key in stored)


async def test_a_sealed_key_moved_to_another_row_does_not_open(site):
    from dataclasses import replace

    one, other = (await site.rt.store.read.keys.all())[:2]
    assert keys.open_key(replace(one, sealed_private=other.sealed_private), rt=site.rt).private is None


async def test_a_rotation_waits_until_every_verifier_can_know_the_new_key(site):
    rotation = await keys.rotate("ES256", rt=site.rt, caller=ADMIN)
    assert rotation.signs_from == site.clock() + PUBLISH_AHEAD_S
    old = (await site.own_token()).json()["access_token"]
    assert verify(old, await jwks(site), types={"at+jwt"}).header.kid == rotation.replaces
    site.clock.advance(PUBLISH_AHEAD_S)
    new = (await site.own_token()).json()["access_token"]
    assert verify(new, await jwks(site), types={"at+jwt"}).header.kid == rotation.kid
    assert (await site.introspect(new))["active"] is True


async def test_an_emergency_rotation_signs_at_once(site):
    rotation = await keys.rotate("RS256", rt=site.rt, caller=ADMIN, at_once=True)
    tokens = await site.tokens()
    assert verify(tokens["id_token"], await jwks(site), types={"jwt"}).header.kid == rotation.kid


async def test_old_tokens_verify_as_long_as_they_live(site):
    token = (await site.own_token()).json()["access_token"]
    rotation = await keys.rotate("ES256", rt=site.rt, caller=ADMIN, at_once=True)
    site.clock.advance(500)
    assert await site.is_active(token)
    assert rotation.replaces in {key.kid for key in await jwks(site)}
    site.clock.advance(keys.KEEP_OLD_S)
    assert rotation.replaces not in {key.kid for key in await jwks(site)}


async def test_two_rotations_at_once_are_one_too_many(site):
    await keys.rotate("ES256", rt=site.rt, caller=ADMIN)
    with pytest.raises(NotAllowed, match="under way"):
        await keys.rotate("ES256", rt=site.rt, caller=ADMIN)
    await keys.rotate("RS256", rt=site.rt, caller=ADMIN)


async def test_after_a_rotation_there_is_a_next_key_again(site):
    await keys.rotate("ES256", rt=site.rt, caller=ADMIN, at_once=True)
    await keys.ensure_next(site.rt)
    await keys.refresh(site.rt)
    assert states(site) == ["active", "next", "retiring"]


async def test_an_unknown_algorithm_is_refused(site):
    for alg in ("none", "HS256", "ES512", ""):
        with pytest.raises(NotAllowed, match="Unknown algorithm"):
            await keys.rotate(alg, rt=site.rt, caller=ADMIN)


async def test_another_process_learns_of_a_rotation_at_its_next_look(site):
    from dataclasses import replace

    other = replace(site.rt, keys=KeyringHolder())
    await keys.refresh(other)
    rotation = await keys.rotate("ES256", rt=site.rt, caller=ADMIN, at_once=True)
    assert other.keys.current.signer("ES256", now=site.clock()).kid == rotation.replaces
    await keys.refresh(other)
    assert other.keys.current.signer("ES256", now=site.clock()).kid == rotation.kid


async def test_who_rotated_what_stands_in_the_audit_log(site):
    await keys.rotate("ES256", rt=site.rt, caller=ADMIN)
    event = next(event for event in await site.events() if event.action == "key.rotated")
    assert (event.actor, event.details["alg"]) == ("admin", "ES256")
    assert claims_of
