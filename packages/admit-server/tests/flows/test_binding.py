"""Binding tokens to what their holder proves, and letting only that one use them."""

import asyncio

import pytest
from site_kit import ISSUER

from admit import dpop
from admit.limits import Attempt, Presented
from admit.testing import ProofKey
from admit_server.domain.confirmation import NOBODY, NOTHING, Confirmation, Holder, OnceProof
from admit_server.domain.errors import InvalidDpopProof, InvalidRequest, InvalidToken, UseDpopNonce
from admit_server.domain.token_policy import TokenPolicy
from admit_server.flows.binding import bind, check_proof, for_refresh, require_holder
from admit_server.flows.runtime import Caller

pytestmark = pytest.mark.anyio

URL = f"{ISSUER}/token"
REQUEST = dpop.Request(method="POST", url=URL)
A, B = "a" * 43, "b" * 43


async def bound(site, holder, **limits):
    async def unit(tx):
        return await bind(tx, TokenPolicy(**limits), holder)

    return await site.rt.store.write(unit)


async def test_a_key_binds_whatever_the_policy_says_and_a_certificate_only_where_it_says_so(site):
    both = Holder(Confirmation(A, B))

    assert await bound(site, NOBODY) == NOTHING
    assert await bound(site, both) == Confirmation(A)
    assert await bound(site, both, binding=frozenset({"mtls"})) == Confirmation(A, B)
    assert await bound(site, both, binding=frozenset({"mtls", "dpop"})) == Confirmation(A, B)


@pytest.mark.parametrize(
    ("kind", "proved", "refusal"),
    [
        ("dpop", NOTHING, InvalidDpopProof),
        ("dpop", Confirmation(x5t=B), InvalidDpopProof),
        ("mtls", NOTHING, InvalidRequest),
        ("mtls", Confirmation(A), InvalidRequest),
    ],
)
async def test_what_the_policy_asks_for_has_to_be_proved(site, kind, proved, refusal):
    with pytest.raises(refusal):
        await bound(site, Holder(proved), binding=frozenset({kind}))


async def test_of_20_units_with_the_same_proof_one_is_done(site):
    holder = Holder(Confirmation(A), OnceProof(b"p" * 32, site.clock() + 90))

    outcomes = await asyncio.gather(*(bound(site, holder) for _ in range(20)), return_exceptions=True)

    assert outcomes.count(Confirmation(A)) == 1
    assert sum(isinstance(outcome, InvalidDpopProof) for outcome in outcomes) == 19


async def test_a_checked_proof_tells_what_was_proved_and_why_not_stands_in_the_trail(site):
    key, caller = ProofKey(clock=site.clock), Caller()
    assert check_proof([key.proof("POST", URL)], REQUEST, rt=site.rt, caller=caller).proved == Confirmation(key.jkt)

    for values, refusal in ((["x"], InvalidDpopProof), ([key.proof("POST", URL, claims={"iat": 1})], UseDpopNonce)):
        caller = Caller()
        with pytest.raises(refusal):
            check_proof(values, REQUEST, rt=site.rt, caller=caller)
        (failed,) = caller.trail.checks(code="", rule="", found="")
        assert failed.name.startswith("DPoP proof: ")


async def test_refresh_tokens_of_public_clients_are_bound_and_stay_with_their_first_key(site):
    """RFC 9449 section 5."""
    public, confidential = [await site.rt.store.read.clients.get(name) for name in ("web", "portal")]

    assert for_refresh(public, Confirmation(A)) == Confirmation(A)
    assert for_refresh(public, Confirmation(B), before=Confirmation(A)) == Confirmation(A)
    assert for_refresh(public, NOTHING) == NOTHING
    assert for_refresh(confidential, Confirmation(A)) == NOTHING


async def test_a_bound_token_at_an_endpoint_of_ours_is_for_its_holder(site):
    key, url = ProofKey(clock=site.clock), f"{ISSUER}/userinfo"

    async def shown(cnf, scheme="DPoP", certificate=None, by=key):
        presented = Presented(
            scheme=scheme, proofs=(by.proof("GET", url, access_token="t"),), url=url, certificate=certificate
        )
        await require_holder(cnf, "t", Attempt(method="GET", presented=presented), rt=site.rt, caller=Caller())

    await shown(Confirmation(key.jkt))
    await shown(NOTHING, "Bearer")
    await shown(Confirmation(x5t=B), "Bearer", B)
    await shown(Confirmation(key.jkt, B), "DPoP", B)
    for refused in (
        shown(Confirmation(key.jkt), "Bearer"),
        shown(NOTHING, "DPoP"),
        shown(Confirmation(x5t=B), "Bearer", A),
        shown(Confirmation(x5t=B), "Bearer"),
        shown(Confirmation(key.jkt, B), "DPoP"),
    ):
        with pytest.raises(InvalidToken):
            await refused
    with pytest.raises(InvalidDpopProof):
        await shown(Confirmation(key.jkt), by=ProofKey(clock=site.clock))
    with pytest.raises(InvalidToken):
        await require_holder(Confirmation(key.jkt), "t", Attempt(), rt=site.rt, caller=Caller())
