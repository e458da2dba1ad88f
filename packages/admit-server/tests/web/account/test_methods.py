"""`/account/totp` and `/account/recovery-codes`, and signing in with what was added there: the whole way over HTTP."""

import asyncio
import base64
import html
import json
import re

import pytest
from cryptography.hazmat.primitives.hashes import SHA1
from cryptography.hazmat.primitives.twofactor.hotp import HOTP
from site_kit import PASSWORD, answer_of, first_form, hidden_fields

from admit_server.flows.new_session import current_session

pytestmark = pytest.mark.anyio

TOTP, CODES = "/account/totp", "/account/recovery-codes"
BOTH = """
[sign_in]
authenticators = ["password", "totp", "recovery_codes"]
requires = "{requires}"
"""


@pytest.fixture
async def site(open_site):
    """A site where a password is enough, and apps and codes can be added."""
    async with open_site(toml=BOTH.format(requires="password")) as opened:
        yield opened


@pytest.fixture
async def strict(open_site):
    """A site where everybody needs an app."""
    async with open_site(toml=BOTH.format(requires="password and totp")) as opened:
        yield opened


def secret_of(page):
    """The secret that a page shows as text."""
    return re.search(r'<p class="secret"><code>([A-Z2-7 ]+)</code>', page)[1].replace(" ", "")


def codes_of(page):
    return re.findall(r"<li><code>([0-9A-Z-]+)</code></li>", page)


def code_of(secret, now):
    return HOTP(base64.b32decode(secret), 6, SHA1()).generate(now // 30).decode()


async def signed_in(site):
    browser = site.browser()
    assert (await browser.sign_in()).status_code == 303
    return browser


async def form_on(browser, path):
    page = await browser.get(path)
    assert page.status_code == 200, page.text
    form = next(text for text in re.findall(r"<form .*?</form>", page.text, re.DOTALL) if "challenge" in text)
    return page.text, hidden_fields(form)


async def add_app(site, browser, label=""):
    """Add an app; its secret."""
    page, form = await form_on(browser, f"{TOTP}/add")
    secret = secret_of(page)
    answer = await browser.send(f"{TOTP}/add", form | {"totp": code_of(secret, site.clock()), "label": label})
    assert (answer.status_code, answer.headers.get("location")) == (303, TOTP), answer.text
    return secret


async def add_codes(browser):
    page, form = await form_on(browser, f"{CODES}/add")
    answer = await browser.send(f"{CODES}/add", form | {"recovery_codes": "kept"})
    assert (answer.status_code, answer.headers.get("location")) == (303, CODES), answer.text
    assert "For <strong>alice</strong> at <strong>" in page, "a paper says whose codes it holds"
    return codes_of(page)


async def ids_on(browser, path):
    return re.findall(r'name="(?:remove|rename)" value="(crd_[^"]*)"', (await browser.get(path)).text)


async def do(browser, path, **fields):
    form = {"form_token": hidden_fields((await browser.get("/logout")).text)["form_token"]}
    return await browser.send(path, form | fields)


async def test_an_app_is_added_named_renamed_and_removed_and_each_is_written_down(site):
    browser = await signed_in(site)
    assert "You have none yet" in (await browser.get(TOTP)).text
    await add_app(site, browser, label="My phone")
    page = (await browser.get(TOTP)).text
    assert "<h2>My phone</h2>" in page
    assert "Not used yet" in page
    credential = (await ids_on(browser, TOTP))[0]
    assert (await do(browser, TOTP, rename=credential, label="Old phone")).status_code == 303
    assert "<h2>Old phone</h2>" in (await browser.get(TOTP)).text
    refused = await do(browser, TOTP, remove=credential)
    assert refused.status_code == 400
    assert "the last one" in refused.text
    gone = await do(browser, TOTP, remove=credential, sure="1")
    assert gone.status_code == 303
    page = (await browser.get(gone.headers["location"])).text
    assert "You have none yet" in page
    assert "End all other sessions" in page
    assert "End all other sessions" not in (await browser.get(TOTP)).text
    assert {"credential.added", "credential.renamed", "credential.removed"} <= set(await site.actions())


async def test_what_is_stored_of_an_app_is_sealed(site):
    secret = await add_app(site, await signed_in(site))
    ((data,),) = await site.rows("SELECT data FROM credential WHERE authenticator = 'totp'")
    assert secret not in data
    assert "secret" not in data


async def test_a_wrong_code_asks_again_with_the_same_secret(site):
    """The person has scanned it already."""
    browser = await signed_in(site)
    page, form = await form_on(browser, f"{TOTP}/add")
    wrong = await browser.send(f"{TOTP}/add", form | {"totp": "000000"})
    assert wrong.status_code == 403
    assert "That code is not right" in wrong.text
    assert secret_of(wrong.text) == secret_of(page)
    form = hidden_fields(wrong.text)
    answer = await browser.send(f"{TOTP}/add", form | {"totp": code_of(secret_of(page), site.clock())})
    assert answer.status_code == 303


async def test_one_form_adds_one_app_however_often_it_is_sent(site):
    browser = await signed_in(site)
    page, form = await form_on(browser, f"{TOTP}/add")
    form |= {"totp": code_of(secret_of(page), site.clock())}
    answers = await asyncio.gather(*(browser.send(f"{TOTP}/add", form) for _ in range(5)))
    # Some may come when the account has the app already and their session, as it was read, has not shown it: they are led to the sign-in.
    assert [answer.headers.get("location") for answer in answers].count(TOTP) == 1
    assert all(answer.status_code == 403 or answer.headers["location"] in (TOTP, "/sign-in") for answer in answers)
    assert await site.rows("SELECT COUNT(*) FROM credential WHERE authenticator = 'totp'") == [(1,)]


async def test_a_session_that_is_worth_more_by_it_gets_a_new_cookie_and_counts_at_once(site):
    """A copy of the cookie from before gains nothing."""
    browser = await signed_in(site)
    copied = browser.cookies["admit-8100-sid"]
    await add_app(site, browser)
    assert browser.cookies["admit-8100-sid"] != copied
    assert await current_session(copied, rt=site.rt) is None
    session = await current_session(browser.cookies["admit-8100-sid"], rt=site.rt)
    assert (session.acr, session.amr) == ("urn:admit:acr:2fa", ("pwd", "otp", "mfa"))
    assert "code" in answer_of(await browser.authorize(acr_values="urn:admit:acr:2fa"))


async def test_a_form_of_another_browser_adds_nothing(site):
    _, form = await form_on(await signed_in(site), f"{CODES}/add")
    thief = await signed_in(site)
    token = hidden_fields((await thief.get("/logout")).text)["form_token"]
    answer = await thief.send(f"{CODES}/add", form | {"form_token": token, "recovery_codes": "kept"})
    assert answer.status_code == 400
    assert await site.rows("SELECT COUNT(*) FROM credential WHERE authenticator = 'recovery_codes'") == [(0,)]


@pytest.mark.parametrize("path", [TOTP, CODES])
async def test_strangers_and_old_sign_ins_are_led_to_the_sign_in_and_back(site, path):
    assert (await site.browser().get(path)).headers["location"] == "/sign-in"
    browser = await signed_in(site)
    site.clock.advance(601)
    assert (await browser.get(path)).status_code == 200
    answer = await browser.get(f"{path}/add")
    assert (answer.status_code, answer.headers["location"]) == (303, "/sign-in")
    assert f"{path}/add" in answer.headers["set-cookie"]


@pytest.mark.parametrize("path", [TOTP, CODES])
async def test_a_server_without_it_says_so_and_does_not_list_it(open_site, path):
    async with open_site(toml='[sign_in]\nauthenticators = ["password"]\n') as plain:
        browser = await signed_in(plain)
        page = await browser.get(path)
        assert page.status_code == 200
        assert "This server" in page.text
        assert f'href="{path}"' not in (await browser.get("/account")).text
        assert (await browser.get(f"{path}/add")).headers["location"] == path


async def test_there_is_room_for_five_apps(site):
    browser = await signed_in(site)
    for _ in range(5):
        await add_app(site, browser)
    full = await browser.get(f"{TOTP}/add")
    assert full.status_code == 400
    assert "as many of these" in full.text


async def test_a_set_of_codes_is_shown_once_counted_and_replaced(site):
    browser = await signed_in(site)
    first = await add_codes(browser)
    assert len(first) == 10
    page = (await browser.get(CODES)).text
    assert "10 of 10 left" in page
    assert not set(first) & set(codes_of(page))
    second = await add_codes(browser)
    assert not set(first) & set(second)
    assert await site.rows("SELECT COUNT(*) FROM credential WHERE authenticator = 'recovery_codes'") == [(1,)]


async def test_a_set_that_is_not_kept_is_not_good_and_shown_again(site):
    browser = await signed_in(site)
    page, form = await form_on(browser, f"{CODES}/add")
    answer = await browser.send(f"{CODES}/add", form)
    assert answer.status_code == 403
    assert codes_of(answer.text) == codes_of(page)
    assert "You have none yet" in (await browser.get(CODES)).text


async def asked_for_second(site, browser):
    """The page of the second step, after the password."""
    answer = await browser.sign_in()
    assert answer.status_code == 303, answer.text
    assert "/sign-in?" in answer.headers["location"], "the password was enough"
    return html.unescape(answer.headers["location"])


async def answer_with(browser, location, **fields):
    shown = await browser.get(location)
    assert shown.status_code == 200, shown.text
    return await browser.send("/sign-in", first_form(shown.text) | fields)


async def set_up_at_sign_in(site):
    """Sign in where an app is required and there is none: it is set up in the middle; the secret."""
    browser = site.browser()
    location = await asked_for_second(site, browser)
    shown = await browser.get(location)
    secret = secret_of(shown.text)
    done = await browser.send("/sign-in", first_form(shown.text) | {"totp": code_of(secret, site.clock())})
    assert done.status_code == 303, done.text
    assert (await browser.get("/account")).status_code == 200
    return secret


async def test_who_needs_an_app_and_has_none_sets_it_up_in_the_middle_of_the_sign_in(strict):
    await set_up_at_sign_in(strict)
    ((amr, acr),) = await strict.rows("SELECT amr, acr FROM session")
    assert (json.loads(amr), acr) == (["pwd", "otp", "mfa"], "urn:admit:acr:2fa")


async def test_a_wrong_code_in_the_middle_of_a_sign_in_asks_again_with_the_same_secret(strict):
    browser = strict.browser()
    shown = await browser.get(await asked_for_second(strict, browser))
    secret = secret_of(shown.text)
    wrong = await browser.send("/sign-in", first_form(shown.text) | {"totp": "000000"})
    assert wrong.status_code == 403
    assert secret_of(wrong.text) == secret
    done = await browser.send("/sign-in", first_form(wrong.text) | {"totp": code_of(secret, strict.clock())})
    assert done.status_code == 303
    # What is no challenge of ours is not asked again: a new one is.
    forged = await browser.send("/sign-in", first_form(wrong.text) | {"totp": "000000", "challenge": "forged"})
    assert secret not in forged.text


async def test_from_then_on_each_code_is_good_once(strict):
    secret = await set_up_at_sign_in(strict)
    browser = strict.browser()
    used = await answer_with(browser, await asked_for_second(strict, browser), totp=code_of(secret, strict.clock()))
    assert used.status_code == 403, "the code of the enrolment was good again"
    strict.clock.advance(30)
    good = code_of(secret, strict.clock())
    browser = strict.browser()
    done = await answer_with(browser, await asked_for_second(strict, browser), totp=good)
    assert done.status_code == 303
    assert "Last used on" in (await browser.get(TOTP)).text
    other = strict.browser()
    again = await answer_with(other, await asked_for_second(strict, other), totp=good)
    assert again.status_code == 403


async def test_a_recovery_code_stands_in_for_the_app_that_was_lost(strict):
    await set_up_at_sign_in(strict)
    owner = strict.browser()
    location = await asked_for_second(strict, owner)
    secret_page = await owner.get(location)
    assert "a recovery code" not in secret_page.text, "there are none yet"
    strict.clock.advance(60)
    browser = await _second_factor(strict)
    codes = await add_codes(browser)
    lost = strict.browser()
    location = await asked_for_second(strict, lost)
    page = (await lost.get(location)).text
    others = next(text for text in re.findall(r"<form .*?</form>", page, re.DOTALL) if "recovery_codes" in text)
    chosen = await lost.send("/sign-in", hidden_fields(others) | {"with": "recovery_codes"})
    done = await answer_with(lost, chosen.headers["location"], recovery_code=codes[4].lower().replace("-", " "))
    assert done.status_code == 303, done.text
    assert "9 of 10 left" in (await lost.get(CODES)).text


async def _second_factor(site):
    """Sign in with the app that is stored, by its secret in the database."""
    rt = site.rt
    user = await rt.store.read.users.by_username_key("alice")
    from admit_server.authenticators.totp import Device
    from admit_server.flows.journeys.keeping import stored_of

    (stored,) = await stored_of(rt.store.read, user, rt.authenticators["totp"], rt=rt)
    secret = base64.b32encode(Device.read(stored.data).secret).decode()
    browser = site.browser()
    done = await answer_with(browser, await asked_for_second(site, browser), totp=code_of(secret, site.clock()))
    assert done.status_code == 303, done.text
    return browser


async def test_of_many_who_send_the_same_code_at_once_one_gets_in(strict):
    secret = await set_up_at_sign_in(strict)
    strict.clock.advance(60)
    code = code_of(secret, strict.clock())
    forms = []
    for _ in range(5):
        browser = strict.browser()
        shown = await browser.get(await asked_for_second(strict, browser))
        forms.append((browser, first_form(shown.text) | {"totp": code}))
    answers = await asyncio.gather(*(browser.send("/sign-in", form) for browser, form in forms))
    assert sorted(answer.status_code for answer in answers) == [303, 403, 403, 403, 403]


async def test_the_secret_and_codes_are_in_no_log_and_no_denial(site, caplog):
    browser = await signed_in(site)
    page, form = await form_on(browser, f"{TOTP}/add")
    await browser.send(f"{TOTP}/add", form | {"totp": "000000"})
    secret = secret_of(page)
    codes = await add_codes(browser)
    rows = await site.rows("SELECT * FROM denial") + await site.rows("SELECT * FROM audit_event")
    text = caplog.text + repr(rows)
    assert secret not in text
    assert PASSWORD not in text
    assert not [code for code in codes if code in text]
