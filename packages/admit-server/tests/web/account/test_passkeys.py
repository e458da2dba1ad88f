"""`/account/passkeys`, and signing in with what was added there: the whole way over HTTP, with an authenticator in software."""

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from site_kit import PASSWORD, START, Clock, CountingHasher, Site, hidden_fields, passkey_form, running, settings_for
from soft_authenticator import SoftAuthenticator

from admit_server.app import Machine, open_site

pytestmark = pytest.mark.anyio
ISSUER = "http://localhost:8100"
HERE = "/account/passkeys"


@pytest.fixture
async def site(template: Any, tmp_path: Any, anyio_backend: str) -> AsyncIterator[Any]:
    """A running site whose address has a name."""
    async with running(template, tmp_path / "site", issuer=ISSUER) as opened:
        yield opened


class Person:
    """alice, her browser and her keys."""

    def __init__(self, site: Any) -> None:
        self.site, self.browser = site, site.browser()

    async def sign_in(self) -> Any:
        form = hidden_fields((await self.browser.get("/sign-in")).text.split("data-passkey")[0])
        return await self.send("/sign-in", form | {"username": "alice", "password": PASSWORD})

    async def send(self, path: str, form: dict[str, str]) -> Any:
        return await self.browser.send(path, form, {"Sec-Fetch-Site": "same-origin", "Origin": ISSUER})

    async def add(self, device: Any, label: str = "", **wrong: Any) -> Any:
        public, fields = passkey_form((await self.browser.get(HERE)).text)
        answer = device.create(public, **{"client": {"origin": ISSUER}} | wrong)
        return await self.send(HERE, fields | {"response": answer, "label": label})

    async def sign_in_with(self, device: Any, browser: Any = None, **wrong: Any) -> Any:
        self.browser = browser or self.site.browser()
        public, fields = passkey_form((await self.browser.get("/sign-in")).text)
        answer = device.get(public, **{"client": {"origin": ISSUER}} | wrong)
        return await self.send("/sign-in", fields | {"response": answer})

    async def is_in(self) -> bool:
        return (await self.browser.get("/account")).status_code == 200

    async def form_token(self) -> dict[str, str]:
        return {"form_token": hidden_fields((await self.browser.get("/logout")).text)["form_token"]}

    async def do(self, **fields: str) -> Any:
        return await self.send(HERE, await self.form_token() | fields)

    async def ids(self) -> list[str]:
        text = (await self.browser.get(HERE)).text
        return re.findall(r'name="rename" value="(crd_[^"]*)"', text)


@asynccontextmanager
async def _reopened(directory: Path, toml: str) -> AsyncIterator[Any]:
    """The same database, after the administrator has changed the settings."""
    settings = settings_for(directory, toml, issuer=ISSUER)
    clock = Clock(START + 7200)
    async with open_site(settings, machine=Machine(clock=clock, hasher=CountingHasher)) as server:
        site = Site(server, clock, {}, directory)
        try:
            yield site
        finally:
            await site.close()


@pytest.fixture
async def alice(site: Any) -> Person:
    person = Person(site)
    assert (await person.sign_in()).status_code == 303
    return person


async def test_added_under_a_name_it_signs_in_without_a_user_name_and_remembers_when(site, alice):
    ring = SoftAuthenticator(transports=("nfc",))
    assert (await alice.add(ring, "Blue ring")).status_code == 303
    page = (await alice.browser.get(HERE)).text
    assert "<h2>Blue ring</h2>" in page
    assert "Not used yet" in page
    answer = await alice.sign_in_with(ring)
    assert answer.status_code == 303, answer.text
    assert await alice.is_in()
    assert "Last used on" in (await alice.browser.get(HERE)).text
    assert {"credential.added", "sign_in.done"} <= set(await site.actions())


async def test_what_is_said_of_such_a_sign_in_is_that_it_resists_phishing(site, alice):
    ring = SoftAuthenticator()
    await alice.add(ring)
    await alice.sign_in_with(ring)
    (proofs,) = {row[0] for row in await site.rows("SELECT acr FROM session WHERE amr LIKE '%pop%'")}
    assert proofs == "urn:admit:acr:phr"


async def test_the_script_and_its_policy_are_on_the_pages_that_offer_passkeys_and_on_no_other(alice):
    stranger = alice.site.browser()
    for browser, path in ((stranger, "/sign-in"), (alice.browser, HERE)):
        page = await browser.get(path)
        (url,) = re.findall(r'<script src="([^"]*)" defer></script>', page.text)
        assert "script-src 'self';" in page.headers["content-security-policy"]
        script = await browser.get(url)
        assert (script.status_code, script.headers["content-type"].split(";")[0]) == (200, "text/javascript")
    for path in ("/", "/account", "/logout", "/account/sessions"):
        page = await alice.browser.get(path)
        assert "<script" not in page.text
        assert "script-src" not in page.headers["content-security-policy"]


async def test_a_site_whose_address_has_no_name_offers_none(template, tmp_path, anyio_backend):
    async with running(template, tmp_path / "site") as site:
        browser = site.browser()
        assert "passkey" not in (await browser.get("/sign-in")).text
        await browser.sign_in()
        page = await browser.get(HERE)
        assert "This server has no passkeys" in page.text
        assert "<script" not in page.text


async def test_a_challenge_is_good_for_one_answer(alice):
    device = SoftAuthenticator()
    await alice.add(device)
    alice.browser = alice.site.browser()
    public, fields = passkey_form((await alice.browser.get("/sign-in")).text)
    form = fields | {"response": device.get(public, client={"origin": ISSUER})}
    assert (await alice.send("/sign-in", form)).status_code == 303
    again = await alice.send("/sign-in", form)
    assert again.status_code == 403
    assert "used already" in again.text


async def test_a_challenge_of_one_browser_is_none_for_another(alice):
    device = SoftAuthenticator()
    await alice.add(device)
    theirs = alice.site.browser()
    public, fields = passkey_form((await theirs.get("/sign-in")).text)
    form = fields | {"response": device.get(public, client={"origin": ISSUER})}
    alice.browser = alice.site.browser()
    mine = passkey_form((await alice.browser.get("/sign-in")).text)[1]
    answer = await alice.send("/sign-in", form | {"form_token": mine["form_token"]})
    assert answer.status_code in (400, 403)
    assert not await alice.is_in()


async def test_the_challenge_of_an_addition_is_good_once_and_one_key_is_in_one_account(alice):
    device = SoftAuthenticator()
    public, fields = passkey_form((await alice.browser.get(HERE)).text)
    form = fields | {"response": device.create(public, client={"origin": ISSUER})}
    assert (await alice.send(HERE, form)).status_code == 303
    assert (await alice.send(HERE, form)).status_code == 400
    assert (await alice.add(device)).status_code == 400
    assert len(await alice.ids()) == 1


async def test_somebody_elses_credential_id_is_taken_for_nobody(site, alice):
    """7.1 step 26, over accounts."""
    device = SoftAuthenticator()
    await alice.add(device)
    bob = Person(site)
    form = hidden_fields((await bob.browser.get("/sign-in")).text.split("data-passkey")[0])
    await bob.send("/sign-in", form | {"username": "bob", "password": "another sturdy phrase"})
    answer = await bob.add(SoftAuthenticator(id=device.id))
    assert answer.status_code == 400
    assert "belongs" not in answer.text
    assert await bob.ids() == []


async def test_a_refused_passkey_says_nothing_but_that_and_is_written_down(site, alice):
    device = SoftAuthenticator()
    await alice.add(device)
    answer = await alice.sign_in_with(device, client={"origin": "https://evil.example"})
    assert answer.status_code == 403
    assert "evil" not in answer.text
    (event,) = [e for e in await site.events() if e.action == "sign_in.failed"]
    assert "evil.example" in str(event.details["reason"])
    unknown = await alice.sign_in_with(SoftAuthenticator(user=device.user))
    assert unknown.status_code == 403
    words = [re.findall(r'id="problem"><p>(.*?)</p>', each.text)[0] for each in (answer, unknown)]
    assert words[0] == words[1]


async def test_the_owner_of_a_copied_key_hears_of_it(site, alice):
    device = SoftAuthenticator(count=5, step=1)
    await alice.add(device, "Old key")
    await alice.sign_in_with(device)
    assert (await alice.sign_in_with(device, count=3)).status_code == 403
    (event,) = [e for e in await site.events() if e.action == "credential.suspected"]
    assert event.details["label"] == "Old key"
    await alice.sign_in_with(device)
    assert "may have been copied: Old key" in (await alice.browser.get("/account/activity")).text


async def test_it_can_be_renamed_and_removed(site, alice):
    for label in ("One", "Two"):
        await alice.add(SoftAuthenticator(), label)
    one, two = await alice.ids()
    assert (await alice.do(rename=one, label="  The\tfirst\u202e ")).status_code == 303
    assert "<h2>Thefirst</h2>" in (await alice.browser.get(HERE)).text
    assert (await alice.do(remove=two)).status_code == 303
    assert await alice.ids() == [one]
    assert {"credential.renamed", "credential.removed"} <= set(await site.actions())
    for nothing in ({"rename": two, "label": "x"}, {"remove": two}, {"remove": "crd_x"}, {"rename": one, "label": " "}):
        assert (await alice.do(**nothing)).status_code == 400


async def test_the_last_strong_one_is_removed_only_after_a_second_word(alice):
    await alice.add(SoftAuthenticator())
    (only,) = await alice.ids()
    refused = await alice.do(remove=only)
    assert refused.status_code == 400
    assert "Say that you want this" in refused.text
    assert (await alice.do(remove=only, sure="1")).status_code == 303
    assert await alice.ids() == []


async def test_the_only_way_in_is_never_removed(template, tmp_path, anyio_backend):
    toml = '[sign_in]\nrequires = "passkey"\nauthenticators = ["password", "passkey"]\n'
    directory = tmp_path / "site"
    async with running(template, directory, issuer=ISSUER) as site:
        alice = Person(site)
        await alice.sign_in()
        device = SoftAuthenticator()
        await alice.add(device)
    async with _reopened(directory, toml) as site:
        alice = Person(site)
        answer = await alice.sign_in_with(device)
        assert answer.status_code == 303, answer.text
        (only,) = await alice.ids()
        refused = await alice.do(remove=only, sure="1")
        assert refused.status_code == 400
        assert "could not sign in any more" in refused.text


async def test_an_old_sign_in_sees_the_list_and_has_to_prove_itself_before_it_changes_anything(site, alice):
    await alice.add(SoftAuthenticator())
    page = await alice.browser.get(HERE)
    _, fields = passkey_form(page.text)
    (only,) = await alice.ids()
    site.clock.advance(601)
    page = await alice.browser.get(HERE)
    assert "prove first that it is you" in page.text
    assert "data-passkey" not in page.text
    for form in ({"remove": only, "sure": "1"}, fields | {"response": "{}"}):
        answer = await alice.do(**form)
        assert answer.status_code == 303
        assert answer.headers["location"].startswith("/sign-in") or "authorize" in answer.headers["location"]
    assert len(await alice.ids()) == 1


async def test_nobody_removes_or_renames_the_key_of_another(site, alice):
    await alice.add(SoftAuthenticator(), "Mine")
    (only,) = await alice.ids()
    bob = Person(site)
    form = hidden_fields((await bob.browser.get("/sign-in")).text.split("data-passkey")[0])
    await bob.send("/sign-in", form | {"username": "bob", "password": "another sturdy phrase"})
    assert (await bob.do(remove=only, sure="1")).status_code == 400
    assert (await bob.do(rename=only, label="Bobs")).status_code == 400
    assert "<h2>Mine</h2>" in (await alice.browser.get(HERE)).text


async def test_twenty_are_enough(site, alice):
    for _ in range(20):
        assert (await alice.add(SoftAuthenticator())).status_code == 303
    page = await alice.browser.get(HERE)
    assert "as many of these as is allowed" in page.text
    assert "data-passkey" not in page.text


async def test_a_password_and_a_key_beside_it_when_that_is_required(template, tmp_path, anyio_backend):
    directory = tmp_path / "site"
    async with running(template, directory, issuer=ISSUER) as site:
        alice = Person(site)
        await alice.sign_in()
        key = SoftAuthenticator(uv=False)
        assert (await alice.add(key)).status_code == 303
        assert (await alice.sign_in_with(key)).status_code == 403
    async with _reopened(directory, '[sign_in]\nrequires = "password and passkey"\n') as site:
        alice = Person(site)
        page = await alice.browser.get("/sign-in")
        assert "data-passkey" not in page.text
        step = await alice.sign_in()
        assert step.status_code == 303
        assert not await alice.is_in()
        page = await alice.browser.get(step.headers["location"])
        assert "Is your passkey or security key gone?" in page.text
        assert "Nothing else that you have set up is enough here." in page.text
        assert "ask the administrator for a recovery link" in page.text
        public, fields = passkey_form(page.text)
        assert [each["transports"] for each in public["publicKey"]["allowCredentials"]] == [["usb"]]
        answer = await alice.send(
            "/sign-in", fields | {"response": key.get(public, client={"origin": ISSUER}, user_handle=None)}
        )
        assert answer.status_code == 303, answer.text
        assert await alice.is_in()


async def test_the_files_of_a_page_come_small_to_browsers_and_plain_to_who_asks_for_that(site):
    page = await site.get("/sign-in")
    (url,) = re.findall(r'<script src="([^"]*)" defer></script>', page.text)
    small = await site.get(url, headers={"Accept-Encoding": "br, gzip"})
    assert (small.headers["content-encoding"], small.headers["vary"]) == ("gzip", "Accept-Encoding")
    assert int(small.headers["content-length"]) < 2_500
    for asked in ("identity", "gzip;q=0", "br, gzip; q=0"):
        plain = await site.get(url, headers={"Accept-Encoding": asked})
        assert "content-encoding" not in plain.headers
        assert plain.content == small.content
