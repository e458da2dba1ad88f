"""OWASP ASVS 5.0 chapter 6, Authentication: one test for each requirement, named by its number.

The numbers are those of `5.0/en/0x15-V6-Authentication.md` of OWASP/ASVS. Some tests stand beside what they test: `ELSEWHERE` names
them, and it is checked that they are there. These do not apply:

- 6.4.5: nothing that people prove with expires here, so there is nothing to renew in time.
- 6.5.7: biometrics stay in the person's device, which says only that it verified its user.
- 6.6.1, 6.6.4: no telephone, SMS or push notifications. (A webhook may be one; its process answers for it.)
- 6.7.1: certificates of attestation come from files of the operator, whom nothing here can hold back.
- 6.8.1 to 6.8.4: no identity providers beside this server in this version.

Three are met in part. 6.3.3 is the operator's to require. 6.3.6: e-mail can be chosen as a proof, is not loaded by default, and counts
towards no factor. 6.5.5: a code of an app is good for its own 30 seconds and one step on either side: RFC 6238 section 5.2 has one for
the time on the way, and clocks run ahead too.
"""

import asyncio
import re
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.hashes import SHA1
from cryptography.hazmat.primitives.twofactor.totp import TOTP
from site_kit import CHALLENGE, PASSWORD, CountingHasher, hidden_fields, settings_for, without_id

from admit_server.app import THIS_MACHINE, open_runtime
from admit_server.authenticators.api import Context
from admit_server.authenticators.email_code import EmailCodeAuthenticator
from admit_server.authenticators.passkey import PasskeyAuthenticator
from admit_server.domain.throttle import ACCOUNT, ACCOUNTS_OF_NETWORK, DEVICE, NETWORK
from admit_server.flows.admin import users
from admit_server.machine.clock import system_entropy
from admit_server.machine.common_passwords import common_passwords
from admit_server.settings.sections import SignInSection

pytestmark = pytest.mark.anyio

HERE = Path(__file__).parent
ROOT = HERE.parents[3]
MODEL = (ROOT / "docs/explanation/security-model.md").read_text()
TEMPLATES = sorted((ROOT / "packages/admit-server/src/admit_server/web/templates").rglob("*.html"))
WRONG = "wrong wrong wrong"
NEW = "walnut river lantern"
BOTH = '[sign_in]\nauthenticators = ["password", "totp"]\nrequires = "password and totp"\n'
MAIL = '[mail]\nhost = "127.0.0.1"\nport = 9\nsecurity = "insecure_plain"\nsender = "admit@example.com"\n'
ELSEWHERE = {
    "6.4.1": ("flows/test_new_password.py", "test_an_invitation_ends_after_a_week_and_when_a_new_one_is_made"),
    "6.4.3": ("flows/test_password_reset.py", "test_the_link_of_the_mail_sets_a_new_password_once"),
    "6.4.4": ("flows/admin/test_inviting.py", "test_the_waiting_time_is_a_setting"),
    "6.4.6": ("flows/admin/test_inviting.py", "test_a_link_is_mailed_only_where_that_is_asked_and_possible"),
    "6.5.2": ("authenticators/test_recovery_codes.py", "test_a_set_is_ten_codes_of_which_nothing_is_stored_in_clear"),
    "6.5.4": ("authenticators/test_email_code.py", "test_codes_are_random_enough"),
    "6.5.6": ("web/account/test_methods.py", "test_an_app_is_added_named_renamed_and_removed_and_each_is_written_down"),
    "6.6.2": ("authenticators/test_email_code.py", "test_it_belongs_to_the_sign_in_that_it_was_sent_for"),
}


def code_at(secret, at):
    return TOTP(secret, 6, SHA1(), 30, enforce_key_length=False).generate(at).decode()


async def sign_in(site, password, *, name="alice", address="192.0.2.1"):
    return await site.browser(address=address).sign_in(username=name, password=password)


async def next_page(browser, answer):
    assert answer.status_code == 303, answer.text
    page = await browser.get(answer.headers["location"])
    assert page.status_code == 200
    return page.text


async def with_app(site):
    """Alice, who set up an app at her first sign-in; the secret that it holds."""
    import base64

    browser = site.browser()
    page = await next_page(browser, await browser.sign_in())
    secret = base64.b32decode(re.search(r"secret=([A-Z2-7]+)", page)[1])
    done = await browser.send("/sign-in", hidden_fields(page) | {"totp": code_at(secret, site.clock.now)})
    assert done.status_code == 303
    assert await is_in(browser)
    site.clock.advance(300)
    return secret


async def to_second_step(site, *, address="192.0.2.1"):
    browser = site.browser(address=address)
    return browser, await next_page(browser, await browser.sign_in())


async def is_in(browser):
    return (await browser.get("/account")).status_code == 200


async def set_password(site, new, *, browser=None):
    browser = browser or site.browser()
    await browser.sign_in()
    page = await browser.get("/account/password")
    token = hidden_fields(page.text)["form_token"]
    return await browser.send("/account/password", {"form_token": token, "password": new, "again": new})


def inputs(kind):
    found = [(path.name, tag) for path in TEMPLATES for tag in re.findall(r"<input[^>]*>", path.read_text())]
    return [(name, tag) for name, tag in found if kind in tag]


def test_what_is_tested_elsewhere_is_there():
    for number, (file, name) in ELSEWHERE.items():
        assert re.search(rf"^(async )?def {name}\(", (HERE.parent / file).read_text(), re.MULTILINE), number


# 6.1 Documentation -------------------------------------------------------------------------------------------------------


def test_6_1_1_the_controls_against_guessing_are_documented_as_they_are():
    for rule, free in ((ACCOUNT, "a day"), (DEVICE, "an hour"), (ACCOUNTS_OF_NETWORK, "an hour")):
        assert (
            f"| {rule.free_failures} {free} | {rule.first_delay_s} s, doubling to {rule.longest_delay_s // 60} minutes |"
            in MODEL
        )
    assert f"{NETWORK.free_failures} in 10 minutes" in MODEL
    assert f"{SignInSection().stuffing_accounts} different accounts fail within five minutes" in MODEL
    assert "`sign_in.stuffing_accounts`" in MODEL
    assert "strangers can't lock anybody out" in MODEL


def test_6_1_2_the_words_of_the_context_are_documented():
    assert "`sign_in.context_words`, the host's own, `admit`, and the person's names" in MODEL


def test_6_1_3_every_way_in_is_documented():
    for way in ("/sign-in", "/authorize-challenge", "an invitation", "a forgotten password", "a way back"):
        assert way in MODEL


# 6.2 Passwords -----------------------------------------------------------------------------------------------------------


async def test_6_2_1_a_password_has_15_characters_at_least(site):
    answer = await set_password(site, "walnut lantern")
    assert (answer.status_code, "at least 15" in answer.text) == (400, True)


async def test_6_2_2_people_can_change_it(site):
    await set_password(site, NEW)
    assert (await sign_in(site, NEW)).status_code == 303
    assert (await sign_in(site, PASSWORD)).status_code == 403


async def test_6_2_3_changing_it_needs_the_current_one(site):
    """It is asked for at `/sign-in`, with its counters: a sign-in that is older than `account.fresh_s` does not do."""
    browser = site.browser()
    await browser.sign_in()
    site.clock.advance(601)
    page = await browser.get("/account/password")
    assert (page.status_code, page.headers["location"].partition("?")[0]) == (303, "/sign-in")


async def test_6_2_4_and_6_2_12_what_leaked_and_is_common_is_refused(site):
    common = common_passwords()
    assert sum(len(word) >= 8 for word in common.all) > 3000
    pairs = ("passwordfootball", "iloveyou12345678", "1q2w3e4r5t6y7u8i")
    for word in (*pairs, max(common.all, key=len)):
        answer = await set_password(site, word)
        assert (answer.status_code, "everybody tries" in answer.text) == (400, True), word


@pytest.mark.parametrize(
    "password",
    ["eleven old trees by", "7733 1902 4455 8821", "ΑΒΓΔ ΕΖΗΘ ΙΚΛΜ ΝΞΟΠ", "~~ ++ ## $$ %% && ((", "ürgendwo über öl"],
)
async def test_6_2_5_any_composition_will_do(site, password):
    await set_password(site, password)
    assert (await sign_in(site, password)).status_code == 303


def test_6_2_6_every_field_for_a_password_is_masked():
    fields = [tag for _, tag in inputs('name="password"') + inputs('name="again"')]
    assert len(fields) >= 4
    assert all('type="password"' in tag for tag in fields)


def test_6_2_7_managers_and_the_clipboard_may_fill_them():
    for name, tag in inputs('type="password"'):
        assert re.search(r'autocomplete="(current|new)-password"', tag), name
    assert not any(re.search(r"\bon(paste|copy|drop)=", path.read_text()) for path in TEMPLATES)
    scripts = (ROOT / "packages/admit-server/src/admit_server/web/static").glob("*.js")
    assert not any(re.search(r"""["']paste["']""", path.read_text()) for path in scripts)


async def test_6_2_8_it_is_compared_exactly_as_it_was_typed(site):
    password = " Spaces at Both Ends, and a very long rest that goes on beyond seventy-two bytes of text "
    await set_password(site, password)
    assert (await sign_in(site, password)).status_code == 303
    for number, other in enumerate((password.strip(), password[:-1], password[:72], password.lower(), password + "x")):
        assert (await sign_in(site, other, address=f"192.0.2.{number + 10}")).status_code == 403
        site.clock.advance(3600)


async def test_6_2_9_64_characters_and_many_more_are_permitted(site):
    for length in (64, 1000):
        password = "".join(f"{n} grey stones, " for n in range(100))[:length]
        await set_password(site, password)
        assert (await sign_in(site, password)).status_code == 303
        site.clock.advance(3600)
        await users.set_password("alice", PASSWORD, rt=site.rt, caller=users.Caller())


async def test_6_2_10_it_stays_valid_for_as_long_as_nobody_changes_it(site):
    site.clock.advance(10 * 365 * 86_400)
    assert (await sign_in(site, PASSWORD)).status_code == 303


async def test_6_2_11_the_words_of_the_context_make_no_password(open_site):
    async with open_site(toml='[sign_in]\ncontext_words = ["Rocketeers"]\n') as site:
        for password in ("Rocketeers-2026-!!", "alice-rocketeers-admit"):
            answer = await set_password(site, password)
            assert (answer.status_code, "belongs to you or to this service" in answer.text) == (400, True)


# 6.3 General -------------------------------------------------------------------------------------------------------------


async def test_6_3_1_guessing_is_stopped_as_the_documentation_says(site):
    statuses = [(await sign_in(site, f"{WRONG} {n}")).status_code for n in range(ACCOUNT.free_failures + 1)]
    assert statuses == [403] * ACCOUNT.free_failures + [429]
    assert (await sign_in(site, PASSWORD, address="203.0.113.9")).status_code == 429


async def test_6_3_2_a_new_installation_has_no_accounts(tmp_path):
    async with open_runtime(settings_for(tmp_path), machine=THIS_MACHINE) as rt:
        assert (await users.page(rt=rt)).items == ()


async def test_6_3_3_where_two_proofs_are_required_one_opens_nothing(open_site):
    async with open_site(toml=BOTH) as site:
        await with_app(site)
        browser, _ = await to_second_step(site)
        assert not await is_in(browser)
        assert (await browser.authorize()).headers["location"].startswith("/sign-in")


async def test_6_3_4_every_way_in_asks_for_the_same(open_site):
    async with open_site(toml=BOTH) as site:
        secret = await with_app(site)
        form = {
            "client_id": "script",
            "scope": "notes:read",
            "code_challenge": CHALLENGE,
            "code_challenge_method": "S256",
        }
        by_app = await site.post("/authorize-challenge", form | {"username": "alice", "password": PASSWORD})
        assert by_app.status_code in (400, 401, 403)
        assert "authorization_code" not in by_app.json()
        more = {"client_id": "script", "auth_session": by_app.json()["auth_session"]}
        done = await site.post("/authorize-challenge", more | {"totp": code_at(secret, site.clock.now)})
        assert done.status_code == 200, done.text


async def test_6_3_5_people_hear_of_what_looks_suspicious(site):
    known = site.browser()
    await known.sign_in()
    await sign_in(site, WRONG, address="203.0.113.7")
    await sign_in(site, PASSWORD, address="203.0.113.7")
    assert "sign_in.new_device" in await site.actions()
    page = (await known.get("/account/activity")).text
    assert "203.0.113.7" in page


def test_6_3_6_mail_is_no_factor_and_not_offered_unless_somebody_asks_for_it():
    assert EmailCodeAuthenticator.factors == frozenset()
    assert "email_code" not in SignInSection().authenticators


async def test_6_3_7_people_are_told_when_how_they_sign_in_was_changed(open_site):
    async with open_site(toml=MAIL) as site:
        before = await site.rows("SELECT COUNT(*) FROM mail_outbox")
        await set_password(site, NEW)
        assert "account.password_changed" in await site.actions()
        assert await site.rows("SELECT COUNT(*) FROM mail_outbox") > before


async def test_6_3_8_nobody_learns_who_has_an_account(open_site, monkeypatch):
    """The same status, headers and words, after the same time; measured by `benchmarks.enumeration`."""
    monkeypatch.setattr(CountingHasher, "answer_s", 0.1)
    async with open_site(toml=MAIL) as site:
        pages, statuses, headers = set(), set(), set()
        for name in ("alice", "nobody", "nopassword"):
            answer = await sign_in(site, WRONG, name=name)
            pages.add(re.sub(r'value="[^"]*"', "", without_id(answer.text)))
            statuses.add(answer.status_code)
            headers.add(tuple(sorted(set(answer.headers) - {"date"})))
            browser = site.browser()
            form = hidden_fields((await browser.get("/forgot")).text) | {"name": name}
            asked = await browser.send("/forgot", form)
            pages.add(("forgot", asked.status_code, re.sub(r'value="[^"]*"', "", asked.text)))
        assert (len(pages), len(statuses), len(headers)) == (2, 1, 1)


# 6.4 Lifecycle -----------------------------------------------------------------------------------------------------------


async def test_6_4_2_there_are_no_hints_and_no_questions(site):
    names = {name for _, tag in inputs("name=") for name in re.findall(r'name="([^"]+)"', tag)}
    assert not {name for name in names if re.search("hint|question|answer|maiden|pet", name)}
    columns = await site.rows(
        "SELECT name FROM pragma_table_info('app_user') UNION SELECT name FROM pragma_table_info('credential')"
    )
    assert not {name for (name,) in columns if re.search("hint|question|answer", name)}


# 6.5 Several factors -----------------------------------------------------------------------------------------------------


async def test_6_5_1_a_code_of_an_app_is_good_once_also_of_many_at_the_same_moment(open_site):
    async with open_site(toml=BOTH) as site:
        secret = await with_app(site)
        steps = [await to_second_step(site, address=f"192.0.2.{n}") for n in range(4)]
        code = code_at(secret, site.clock.now)
        await asyncio.gather(*(b.send("/sign-in", hidden_fields(page) | {"totp": code}) for b, page in steps))
        assert [await is_in(browser) for browser, _ in steps].count(True) == 1
        browser, page = await to_second_step(site, address="192.0.2.77")
        await browser.send("/sign-in", hidden_fields(page) | {"totp": code})
        assert not await is_in(browser)


async def test_6_5_3_secrets_come_from_the_systems_generator(open_site):
    assert THIS_MACHINE.entropy is system_entropy
    assert len({system_entropy(16) for _ in range(1000)}) == 1000
    async with open_site(toml=BOTH) as site:
        assert len(await with_app(site)) * 8 == 160


@pytest.mark.parametrize(("away_s", "good"), [(-61, False), (-30, True), (0, True), (30, True), (61, False)])
async def test_6_5_5_a_code_lives_for_its_step_and_one_beside_it(open_site, away_s, good):
    async with open_site(toml=BOTH) as site:
        secret = await with_app(site)
        browser, page = await to_second_step(site)
        await browser.send("/sign-in", hidden_fields(page) | {"totp": code_at(secret, site.clock.now + away_s)})
        assert await is_in(browser) is good


async def test_6_5_8_the_time_is_the_servers_whatever_the_client_says(open_site):
    async with open_site(toml=BOTH) as site:
        secret = await with_app(site)
        browser, page = await to_second_step(site)
        later = site.clock.now + 600
        form = hidden_fields(page) | {"totp": code_at(secret, later), "now": str(later), "time": str(later)}
        await browser.send("/sign-in", form)
        assert not await is_in(browser)


# 6.6 Out of band ---------------------------------------------------------------------------------------------------------


async def test_6_6_3_codes_are_counted_and_no_other_proof_clears_their_counter(open_site):
    """Whoever has the password may begin as often as they like; guesses at the code stay counted."""
    async with open_site(toml=BOTH) as site:
        await with_app(site)
        statuses = []
        for number in range(ACCOUNT.free_failures + 2):
            browser, page = await to_second_step(site, address=f"198.51.100.{number}")
            answer = await browser.send("/sign-in", hidden_fields(page) | {"totp": "000000"})
            statuses.append(answer.status_code)
        assert statuses[ACCOUNT.free_failures :] == [429, 429]
        assert 429 not in statuses[: ACCOUNT.free_failures]


# 6.7 Cryptography --------------------------------------------------------------------------------------------------------


async def test_6_7_2_a_challenge_has_64_bits_at_least_and_is_never_given_twice():
    async def unused(*_):
        raise AssertionError("a passkey needs no hash")

    sizes = []

    def entropy(size):
        sizes.append(size)
        return system_entropy(size)

    ctx = Context(now=1, entropy=entropy, verify_hash=unused, make_hash=unused, needs_rehash=lambda _: False)
    passkeys = PasskeyAuthenticator(rp_id="id.example")
    given = [str((await passkeys.begin(ctx, None, ())).public) for _ in range(100)]
    assert len(set(given)) == 100
    assert min(sizes) * 8 >= 64
