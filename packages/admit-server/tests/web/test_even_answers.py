"""Wherever somebody is named before anything is proven, the answer takes the same time for everybody and nobody.

That the times can't be told apart is measured by `python -m benchmarks.enumeration`; here, that they are levelled at all.
"""

import time

import pytest
from site_kit import CHALLENGE, PASSWORD, CountingHasher, hidden_fields

from admit_server.web.routes import ROUTES

pytestmark = pytest.mark.anyio

FLOOR_S = 0.1
MAIL = '[mail]\nhost = "127.0.0.1"\nport = 9\nsecurity = "insecure_plain"\nsender = "admit@example.com"\n'
MORE = """
[sign_in]
authenticators = ["password", "passkey", "email_code"]
requires = "password or passkey or email_code"
[registration]
open = true
"""


@pytest.fixture
async def slow(open_site, monkeypatch):
    """A site whose hashes are said to take long: everything else is done long before."""
    monkeypatch.setattr(CountingHasher, "answer_s", FLOOR_S)
    async with open_site(toml=MAIL + MORE, issuer="http://localhost:8100") as site:
        yield site


async def by_page(site, name):
    return await site.browser().sign_in(username=name, password="wrong wrong wrong")


async def by_challenge(site, name):
    form = {"client_id": "script", "scope": "notes:read", "code_challenge": CHALLENGE, "code_challenge_method": "S256"}
    return await site.post("/authorize-challenge", form | {"username": name, "password": "wrong wrong wrong"})


async def by_forgetting(site, name):
    browser = site.browser()
    return await browser.send("/forgot", hidden_fields((await browser.get("/forgot")).text) | {"name": name})


async def by_signing_up(site, name):
    browser = site.browser()
    form = hidden_fields((await browser.get("/sign-up")).text)
    return await browser.send("/sign-up", form | {"username": name, "email": f"{name}@example.com"})


def by_beginning(method):
    async def way(site, name):
        browser = site.browser()
        form = hidden_fields((await browser.get("/sign-in")).text)
        return await browser.send("/sign-in", form | {"username": name, "with": method})

    return way


async def by_beginning_in_an_app(site, name):
    form = {"client_id": "script", "scope": "notes:read", "code_challenge": CHALLENGE, "code_challenge_method": "S256"}
    return await site.post("/authorize-challenge", form | {"username": name, "method": "passkey"})


@pytest.mark.parametrize(
    ("way", "status"),
    [
        (by_page, 403),
        (by_challenge, 400),
        (by_forgetting, 200),
        (by_signing_up, 200),
        (by_beginning("passkey"), 303),
        (by_beginning("email_code"), 303),
        (by_beginning_in_an_app, 400),
    ],
)
async def test_the_answer_takes_its_time_whoever_is_named(slow, way, status):
    for name in ("alice", "nobody", "nopassword", "Alice"):
        slow.clock.advance(100_000)
        began = time.perf_counter()
        assert (await way(slow, name)).status_code == status
        assert time.perf_counter() - began >= FLOOR_S


async def test_a_refusal_for_too_many_tries_takes_the_same_too(slow):
    for name in ("alice", "nobody"):
        for _ in range(5):
            await by_page(slow, name)
        began = time.perf_counter()
        assert (await by_page(slow, name)).status_code == 429
        assert time.perf_counter() - began >= FLOOR_S


async def test_who_signs_in_does_not_wait(slow, monkeypatch):
    monkeypatch.setattr(CountingHasher, "answer_s", 10.0)
    began = time.perf_counter()
    assert (await slow.browser().sign_in(password=PASSWORD)).status_code == 303
    assert time.perf_counter() - began < 10


def test_every_address_that_takes_a_name_from_strangers_is_levelled():
    assert {path: route.even for path, route in ROUTES.items() if route.even} == {
        "/sign-in": "refusals",
        "/authorize-challenge": "refusals",
        "/forgot": "answers",
        "/sign-up": "answers",
    }
