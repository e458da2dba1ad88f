"""A code that many send at once, to two server processes over one database, is good once. On both engines."""

import asyncio
import base64
from contextlib import AsyncExitStack

import pytest
from cryptography.hazmat.primitives.hashes import SHA1
from cryptography.hazmat.primitives.twofactor.hotp import HOTP
from site_kit import Clock, CountingHasher, Machine, Site, seed, settings_for

from admit_server.app import open_parts, open_site
from admit_server.domain.errors import AccessDenied, TooManyTries
from admit_server.flows.journeys import enrolment
from admit_server.flows.journeys.state import Asked
from admit_server.flows.new_session import Occasion, SignedIn
from admit_server.flows.runtime import Caller
from admit_server.flows.sign_in import NextStep, SignInTry, sign_in
from admit_server.starting import read_or_make_key_file

pytestmark = pytest.mark.anyio
TOML = '[sign_in]\nauthenticators = ["password", "totp", "recovery_codes"]\nrequires = "totp or recovery_codes"\n'
AT_ONCE = 12


@pytest.fixture
async def processes(database_url, tmp_path, anyio_backend):
    """The runtimes of two server processes, and their clock."""
    read_or_make_key_file(tmp_path / "admit.key")
    clock = Clock()
    machine = Machine(clock=clock, hasher=CountingHasher)
    settings = settings_for(tmp_path, TOML, database=database_url)
    async with AsyncExitStack() as opened:
        server = await opened.enter_async_context(open_site(settings, machine=machine))
        other = (await opened.enter_async_context(open_parts(settings, machine=machine)))[0]
        site = Site(server, clock, await seed(server.runtime), tmp_path)
        yield (site.rt, other), clock
        await site.close()


async def set_up(name, rt, answer):
    """Add one for alice; what its page showed."""
    user = await rt.store.read.users.by_username_key("alice")
    pending = await enrolment.begin_enrolment(name, user, rt=rt, now=rt.clock())
    asked = Asked(name, pending.challenge.state, pending.id, user.id)
    shown = pending.challenge.public
    addition = await enrolment.finish_enrolment(name, user, asked, answer(shown), rt=rt, caller=Caller())
    await enrolment.add_credential(addition, rt=rt, caller=Caller())
    return shown


async def race(processes, method, field, code):
    """Many sign in at once with the same code, each from a place of its own."""
    tries = [
        sign_in(
            SignInTry(name="alice", method=method, response={field: code}),
            Occasion(),
            rt=processes[at % 2],
            caller=Caller(network=f"192.0.2.{at}", address=f"192.0.2.{at}"),
        )
        for at in range(AT_ONCE)
    ]
    results = await asyncio.gather(*tries, return_exceptions=True)
    assert all(isinstance(each, SignedIn | NextStep | AccessDenied | TooManyTries) for each in results), results
    # Whoever is led on to another step has proved this one.
    return sum(isinstance(each, SignedIn | NextStep) for each in results)


async def test_a_step_of_an_app_lets_one_in(processes):
    runtimes, clock = processes

    def code(shown):
        secret = base64.b32decode(shown["secret"].replace(" ", ""))
        return {"totp": HOTP(secret, 6, SHA1()).generate(clock() // 30).decode()}

    shown = await set_up("totp", runtimes[0], code)
    for _ in range(3):
        clock.advance(3600)
        assert await race(runtimes, "totp", "totp", code(shown)["totp"]) == 1


async def test_a_recovery_code_lets_one_in(processes):
    runtimes, clock = processes
    shown = await set_up("recovery_codes", runtimes[0], lambda _: {"recovery_codes": "kept"})
    for code in shown["codes"][:3]:
        clock.advance(3600)
        assert await race(runtimes, "recovery_codes", "recovery_code", code) == 1
    (kept,) = await runtimes[0].store.read.credentials.of_user(
        (await runtimes[0].store.read.users.by_username_key("alice")).id, "recovery_codes"
    )
    assert kept.data.count("null") == 3
