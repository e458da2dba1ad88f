"""Links that work once: what they look like, and why one is refused."""

import re

import pytest

from admit_server.domain.errors import LinkEnded
from admit_server.domain.one_use_link import PATHS
from admit_server.flows.links import KINDS, look, new_link, spend
from admit_server.flows.runtime import Caller, Refusal
from admit_server.tokens import opaque

pytestmark = pytest.mark.anyio


async def made(rt, purpose="reset", **more):
    link = new_link(purpose, user_id="usr_1", lives_s=60, rt=rt, now=rt.clock(), **more)
    await rt.store.write(lambda tx: tx.links.add(link.link))
    return link, link.url.rpartition("=")[2]


@pytest.mark.parametrize("purpose", PATHS)
async def test_a_link_carries_256_random_bits_and_only_their_hash_is_kept(site, purpose):
    """OWASP ASVS 5.0, 6.5.2: with 112 bits or more a standard hash will do; 6.5.3: from the CSPRNG."""
    link, secret = await made(site.rt, purpose)
    assert re.fullmatch(
        rf"{re.escape(site.rt.issuer + PATHS[purpose])}\?link=adm_[a-z]{{3}}_[0-9A-Za-z]{{49}}", link.url
    )
    assert opaque.is_opaque(secret, KINDS[purpose])
    assert link.link.digest == opaque.digest(secret)
    assert secret not in repr(link)
    assert (await look(secret, purpose, rt=site.rt, caller=Caller())) == link.link


async def refused(rt, secret, purpose="reset"):
    caller = Caller()
    with pytest.raises(LinkEnded):
        await look(secret, purpose, rt=rt, caller=caller)
    (check,) = [check for check in caller.trail.checks(code="", rule="", found="") if not check.passed]
    return check.found


async def test_the_trail_says_why_a_link_was_refused(site):
    rt = site.rt
    link, secret = await made(rt)
    waits, waiting = await made(rt, starts_after_s=30)

    assert await refused(rt, "nonsense") == "another text"
    assert await refused(rt, secret[:-1] + ("0" if secret[-1] != "0" else "1")) == "another text"
    assert await refused(rt, secret, "recovery") == "another text"
    assert await refused(rt, opaque.mint("rst", b"x" * 32)) == "unknown, or removed since"
    assert await refused(rt, waiting) == "good in 30 s"
    assert await rt.store.write(lambda tx: spend(tx, link.link, caller=Caller(), now=rt.clock())) is None
    assert await refused(rt, secret) == "used 0 s ago"
    site.clock.advance(90)
    assert await refused(rt, waiting) == "ended 0 s ago"
    assert waits.link.starts_at + 60 == waits.link.expires_at


async def test_what_was_spent_meanwhile_is_refused(site):
    link, _ = await made(site.rt)
    outcomes = [
        await site.rt.store.write(lambda tx: spend(tx, link.link, caller=Caller(), now=site.clock.now)) for _ in "12"
    ]
    assert outcomes[0] is None
    assert isinstance(outcomes[1], Refusal)
