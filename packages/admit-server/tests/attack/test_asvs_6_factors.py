"""OWASP ASVS 5.0 chapter 6, Authentication, sections 6.4 to 6.8: one test for each requirement, named by its number.

The numbers are those of `5.0/en/0x15-V6-Authentication.md` of OWASP/ASVS. docs/security/asvs.md says of each how it is kept. Where a rule
is about something that is not here (telephones, other providers), its test finds that it is not.
"""

import asyncio
import base64
import json
import re
from contextlib import asynccontextmanager

import pytest
from asvs_kit import (
    BOTH,
    BY_MAIL,
    act,
    code_at,
    inputs,
    instead,
    is_in,
    open_link,
    owner_with_app,
    sign_in,
    to_second_step,
    verified_address,
    with_app,
)
from site_kit import PASSWORD, hidden_fields
from soft_authenticator import ORIGIN, RP_ID, Maker, SoftAuthenticator

from admit_server.app import THIS_MACHINE
from admit_server.authenticators import registry
from admit_server.authenticators.api import Context, StoredCredential, Subject, Verified
from admit_server.authenticators.email_code import DIGITS, LIVES_S, EmailCodeAuthenticator
from admit_server.authenticators.passkey import PasskeyAuthenticator
from admit_server.authenticators.recovery_codes import RecoveryCodesAuthenticator
from admit_server.authenticators.totp import PERIOD_S, TotpAuthenticator
from admit_server.domain.throttle import ACCOUNT, SENDING
from admit_server.flows import password_reset
from admit_server.flows.admin import inviting
from admit_server.flows.runtime import Caller
from admit_server.machine.clock import system_entropy
from admit_server.web.routes import ROUTES

pytestmark = pytest.mark.anyio
ADMIN = Caller(actor="cli:root")
NEW = "walnut river lantern"
ALICE = Subject(id="usr_1", username="alice", addresses=("alice@example.com",))


def context(entropy=system_entropy, **more):
    async def never(*_):
        raise AssertionError("nothing is hashed here")

    given = {"verify_hash": never, "make_hash": never, "mac": lambda text: text[:32].ljust(32)}
    return Context(now=1_700_000_000, entropy=entropy, needs_rehash=lambda _: False, **given | more)


def in_order():
    """Bytes that are no secret: the same in each run."""
    return lambda size: bytes(range(7, 7 + size))


async def form_with_challenge(browser, path):
    """A page on which something is set up, and the hidden fields of its form."""
    page = (await browser.get(path)).text
    form = next(text for text in re.findall(r"<form .*?</form>", page, re.DOTALL) if "challenge" in text)
    return page, hidden_fields(form)


async def add_codes(browser):
    """A set of recovery codes, made and kept."""
    page, form = await form_with_challenge(browser, "/account/recovery-codes/add")
    done = await browser.send("/account/recovery-codes/add", form | {"recovery_codes": "kept"})
    assert done.status_code == 303, done.text
    return re.findall(r"<li><code>([0-9A-Z-]+)</code></li>", page)


@pytest.fixture
def by_mail(open_mail_site):
    """A site where everybody proves the password and a mailed code; alice has a verified address."""

    @asynccontextmanager
    async def opened():
        async with open_mail_site(toml=BY_MAIL) as site:
            await verified_address(site)
            yield site

    return opened


async def mailed_code(site, *, number=1):
    mail = await site.mail_to("alice@example.com", number=number)
    text = mail.get_body(("plain",)).get_content()
    return re.search(r"\b(\d{4} \d{4})\b", text)[1]


# 6.4 Lifecycle and recovery ----------------------------------------------------------------------------------------------


async def test_6_4_1_a_link_that_activates_is_random_lives_a_week_works_once_and_is_no_password(site):
    made = [await inviting.invite("nopassword", rt=site.rt, caller=ADMIN) for _ in range(2)]
    secrets = [each.url.rpartition("=")[2] for each in made]
    assert all(re.fullmatch(r"adm_inv_[0-9A-Za-z]{49}", secret) for secret in secrets)  # 256 bits and a checksum
    assert secrets[0] != secrets[1]
    assert (await sign_in(site, secrets[1], name="nopassword")).status_code == 403
    assert (await open_link(site, made[0].url, NEW)).status_code == 410, "a newer one replaced it"
    site.clock.advance(7 * 86_400 - 1)
    assert (await open_link(site, made[1].url, "password")).status_code == 400, "the rules for passwords hold"
    assert (await open_link(site, made[1].url, NEW)).status_code == 200
    assert (await open_link(site, made[1].url, "another fine sentence")).status_code == 410
    assert (await sign_in(site, NEW, name="nopassword")).status_code == 303


async def test_6_4_1_after_a_week_it_opens_nothing(site):
    made = await inviting.invite("nopassword", rt=site.rt, caller=ADMIN)
    site.clock.advance(7 * 86_400)
    assert (await open_link(site, made.url, NEW)).status_code == 410


async def test_6_4_2_there_are_no_hints_and_no_questions(site):
    names = {name for _, tag in inputs("name=") for name in re.findall(r'name="([^"]+)"', tag)}
    assert not {name for name in names if re.search("hint|question|answer|maiden|pet", name)}
    columns = await site.rows(
        "SELECT name FROM pragma_table_info('app_user') UNION SELECT name FROM pragma_table_info('credential')"
    )
    assert not {name for (name,) in columns if re.search("hint|question|answer", name)}


async def test_6_4_3_a_forgotten_password_is_set_anew_and_the_second_step_is_asked_as_before(
    open_mail_site, post_offices
):
    async with open_mail_site(toml=BOTH) as site:
        secret = await with_app(site)
        await password_reset.ask("alice", rt=site.rt, caller=Caller())
        mails = [await site.mail_to("alice@example.com", number=number) for number in (1, 2)]
        (link,) = [post_offices.link_in(mail) for mail in mails if "/reset?" in post_offices.text_of(mail)]
        assert (await open_link(site, link, NEW)).status_code == 200
        assert (await open_link(site, link, "another fine sentence")).status_code == 410
        browser, page = await to_second_step(site, password=NEW)
        assert not await is_in(browser)
        await browser.send("/sign-in", hidden_fields(page) | {"totp": code_at(secret, site.clock.now)})
        assert await is_in(browser)


async def test_6_4_4_who_lost_a_factor_comes_back_by_somebody_who_knows_them_and_sets_it_up_anew(open_site):
    """Nothing that the person can do alone replaces it, and the link of the administrator waits for the owner to protest."""
    async with open_site(toml=BOTH) as site:
        await with_app(site)
        browser, page = await to_second_step(site)
        assert "enrol" not in hidden_fields(page), "the password alone adds no other app"
        ((app,),) = await site.rows("SELECT id FROM credential WHERE authenticator = 'totp'")
        await act(browser, "/account/totp", remove=app, sure="1")
        assert await site.rows(f"SELECT 1 FROM credential WHERE id = '{app}'")
        back = await inviting.recover("alice", by_mail=False, rt=site.rt, caller=ADMIN)
        assert (await open_link(site, back.url, NEW)).status_code == 410, "it waits"
        site.clock.advance(3600)
        assert (await open_link(site, back.url, NEW)).status_code == 200
        browser, page = await to_second_step(site, password=NEW)
        assert hidden_fields(page)["enrol"] == "1"
        assert not await is_in(browser)


async def test_6_4_5_nothing_that_a_person_signs_in_with_expires_so_nothing_is_renewed(open_site):
    async with open_site(toml=BOTH) as site:
        secret = await with_app(site)
        site.clock.advance(10 * 365 * 86_400)
        browser, page = await to_second_step(site)
        await browser.send("/sign-in", hidden_fields(page) | {"totp": code_at(secret, site.clock.now)})
        assert await is_in(browser)


async def test_6_4_6_an_administrator_begins_a_reset_without_choosing_the_password(site):
    """They may set one too; then the owner is told, and everything that was open ends (6.3.7)."""
    before = await site.rows("SELECT data FROM credential WHERE authenticator = 'password' ORDER BY id")
    await inviting.recover("alice", by_mail=False, rt=site.rt, caller=ADMIN)
    assert await site.rows("SELECT data FROM credential WHERE authenticator = 'password' ORDER BY id") == before
    assert (await sign_in(site, PASSWORD)).status_code == 303, "nothing is taken away before the owner is back"


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


async def test_6_5_1_so_is_a_recovery_code(open_site):
    async with open_site(toml=BOTH) as site:
        owner, _ = await owner_with_app(site)
        code = (await add_codes(owner))[3]
        steps = []
        for number in range(3):
            browser, page = await to_second_step(site, address=f"192.0.2.{number}")
            steps.append((browser, hidden_fields(await instead(browser, page, "recovery_codes"))))
        await asyncio.gather(*(b.send("/sign-in", form | {"recovery_code": code}) for b, form in steps))
        assert [await is_in(browser) for browser, _ in steps].count(True) == 1


async def test_6_5_1_and_a_mailed_code(by_mail):
    async with by_mail() as site:
        browser, page = await to_second_step(site)
        form = hidden_fields(page) | {"email_code": await mailed_code(site)}
        assert (await browser.send("/sign-in", form)).status_code == 303
        assert await is_in(browser)
        await act(browser, "/logout")
        await browser.send("/sign-in", form)
        assert not await is_in(browser)


async def test_6_5_2_what_can_be_guessed_is_stored_as_argon2id_with_salt_and_what_can_not_as_a_digest(open_site):
    """A recovery code has 55 bits: a password's hash. A link has 256: SHA-256. A mailed code is not stored."""
    async with open_site(toml=BOTH) as site:
        owner, _ = await owner_with_app(site)
        codes = await add_codes(owner)
        await inviting.invite("nopassword", rt=site.rt, caller=ADMIN)
        ((data,),) = await site.rows("SELECT data FROM credential WHERE authenticator = 'recovery_codes'")
        hashes = list(json.loads(data).values())
        assert len(hashes) == len(codes) == 10
        assert all(each.startswith("$argon2id$") for each in hashes)
        salts = {each.split("$")[4] for each in hashes}
        assert len(salts) == 10
        assert all(len(salt) * 6 >= 32 for salt in salts)
        ((digest,),) = await site.rows("SELECT digest FROM one_use_link")
        assert len(digest) == 32
    assert not await site.rows("SELECT 1 FROM credential WHERE authenticator = 'email_code'")


async def test_6_5_3_secrets_come_from_the_systems_generator_and_nothing_else():
    assert THIS_MACHINE.entropy is system_entropy
    assert len({system_entropy(16) for _ in range(1000)}) == 1000

    async def made(entropy):
        mails = []

        async def send(message):
            mails.append(dict(message.values))

        ctx = context(entropy, send=send, issuer="https://id.example", link=lambda secret: secret)
        app = await TotpAuthenticator().begin_enrolment(ctx, ALICE, ())
        codes = await RecoveryCodesAuthenticator().begin_enrolment(ctx, ALICE, ())
        await EmailCodeAuthenticator().begin(ctx, ALICE, ())
        return str(app.public["secret"]), codes.public["codes"], mails

    assert await made(in_order()) == await made(in_order()), "with the same bytes all of it is the same"
    assert len({repr(await made(system_entropy)) for _ in range(20)}) == 20


async def test_6_5_4_codes_have_20_bits_at_least(open_site):
    assert 10**DIGITS >= 2**20
    codes = (await RecoveryCodesAuthenticator().begin_enrolment(context(), ALICE, ())).public["codes"]
    # The first letter tells the codes of a set apart; the others are drawn out of 32.
    assert all(len(code.replace("-", "")[1:]) * 5 >= 20 for code in codes)
    secret = (await TotpAuthenticator().begin_enrolment(context(), ALICE, ())).public["secret"]
    assert len(str(secret).replace(" ", "")) * 5 == 160


@pytest.mark.parametrize(("away_s", "good"), [(-61, False), (-30, True), (0, True), (30, True), (61, False)])
async def test_6_5_5_a_code_of_an_app_lives_for_its_step_and_one_beside_it(open_site, away_s, good):
    assert PERIOD_S == 30
    async with open_site(toml=BOTH) as site:
        secret = await with_app(site)
        browser, page = await to_second_step(site)
        await browser.send("/sign-in", hidden_fields(page) | {"totp": code_at(secret, site.clock.now + away_s)})
        assert await is_in(browser) is good


@pytest.mark.parametrize(("after_s", "good"), [(599, True), (600, False)])
async def test_6_5_5_a_mailed_code_lives_ten_minutes(by_mail, after_s, good):
    assert LIVES_S == 600
    async with by_mail() as site:
        browser, page = await to_second_step(site)
        form = hidden_fields(page) | {"email_code": await mailed_code(site)}
        site.clock.advance(after_s)
        await browser.send("/sign-in", form)
        assert await is_in(browser) is good


async def test_6_5_6_an_app_that_was_stolen_is_taken_off_the_account_and_opens_nothing(open_site):
    async with open_site(toml=BOTH) as site:
        owner, stolen = await owner_with_app(site)
        page, form = await form_with_challenge(owner, "/account/totp/add")
        kept = base64.b32decode(re.search(r"secret=([A-Z2-7]+)", page)[1])
        await owner.send("/account/totp/add", form | {"totp": code_at(kept, site.clock.now), "label": "kept"})
        ((theirs,),) = await site.rows("SELECT id FROM credential WHERE authenticator = 'totp' AND label <> 'kept'")
        assert (await act(owner, "/account/totp", remove=theirs)).status_code == 303
        site.clock.advance(300)
        for secret, opens in ((stolen, False), (kept, True)):
            browser, page = await to_second_step(site)
            await browser.send("/sign-in", hidden_fields(page) | {"totp": code_at(secret, site.clock.now)})
            assert await is_in(browser) is opens


async def test_6_5_7_what_a_body_shows_counts_only_beside_a_key():
    """The person's device looks at the finger; that it did stands in what its key signs, and alone it is no proof."""
    options = {"passkey": {"rp_id": RP_ID}, "webhook": {"url": "https://x.example/", "secret": "whsec_" + "A" * 32}}
    for name in registry.BUILT_IN:
        loaded = registry.load((name,), {name: options[name]} if name in options else {})[name]
        assert "inherence" not in loaded.factors or "possession" in loaded.factors, name
    passkeys, ctx = PasskeyAuthenticator(rp_id=RP_ID), context(issuer=ORIGIN, first=False)
    for verified in (True, False):
        device = SoftAuthenticator(uv=verified)
        asked = await passkeys.begin_enrolment(ctx, ALICE, ())
        made = await passkeys.finish_enrolment(ctx, asked.state, {"response": device.create(asked.public)}, ())
        stored = StoredCredential(id="crd_1", data=made.data, version=1)
        beside = await passkeys.begin(ctx, ALICE, (stored,))
        shown = await passkeys.finish(ctx, beside.state, {"response": device.get(beside.public)}, (stored,))
        assert isinstance(shown, Verified)
        assert shown.factors == ({"possession", "inherence"} if verified else {"possession"})


async def test_6_5_8_the_time_is_the_servers_whatever_the_client_says(open_site):
    async with open_site(toml=BOTH) as site:
        secret = await with_app(site)
        browser, page = await to_second_step(site)
        later = site.clock.now + 600
        form = hidden_fields(page) | {"totp": code_at(secret, later), "now": str(later), "time": str(later)}
        await browser.send("/sign-in", form)
        assert not await is_in(browser)


# 6.6 Out of band ---------------------------------------------------------------------------------------------------------


def test_6_6_1_nothing_here_calls_or_texts_a_telephone():
    assert set(registry.BUILT_IN) == {"password", "passkey", "totp", "recovery_codes", "email_code", "webhook"}
    assert not [tag for _, tag in inputs('type="tel"')]


async def test_6_6_2_a_mailed_code_is_good_for_the_sign_in_that_it_was_sent_for_alone(by_mail):
    async with by_mail() as site:
        first, page_of_first = await to_second_step(site)
        code_of_first = await mailed_code(site)
        second, page_of_second = await to_second_step(site, address="192.0.2.9")
        code_of_second = await mailed_code(site, number=2)
        assert code_of_first != code_of_second
        await second.send("/sign-in", hidden_fields(page_of_second) | {"email_code": code_of_first})
        await first.send("/sign-in", hidden_fields(page_of_first) | {"email_code": code_of_second})
        stolen = hidden_fields(page_of_first) | {"form_token": hidden_fields(page_of_second)["form_token"]}
        await second.send("/sign-in", stolen | {"email_code": code_of_first})
        assert [await is_in(browser) for browser in (first, second)] == [False, False]
        await first.send("/sign-in", hidden_fields(page_of_first) | {"email_code": code_of_first})
        assert await is_in(first)


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


async def test_6_6_3_so_are_mailed_codes(by_mail):
    async with by_mail() as site:
        browser, page = await to_second_step(site)
        good = await mailed_code(site)
        form = hidden_fields(page)
        statuses = [
            (await browser.send("/sign-in", form | {"email_code": f"0000 000{n}"})).status_code
            for n in range(ACCOUNT.free_failures + 1)
        ]
        assert statuses == [403] * ACCOUNT.free_failures + [429]
        assert (await browser.send("/sign-in", form | {"email_code": good})).status_code == 429, "also the right one"
        assert not await is_in(browser)


async def test_6_6_4_what_reaches_out_to_a_person_is_sent_a_few_times_an_hour(by_mail):
    """Mail here; a webhook that pushes to a telephone is counted by the same lines, as each `Authenticator.contacts` is."""
    (webhook,) = registry.load(
        ("webhook",), {"webhook": {"url": "https://x.example/", "secret": "whsec_" + "A" * 32}}
    ).values()
    assert webhook.contacts
    async with by_mail() as site:
        statuses = []
        for number in range(SENDING.free_failures + 2):
            browser = site.browser(address=f"198.51.100.{number}")
            statuses.append((await browser.sign_in()).status_code)
        assert statuses == [303] * SENDING.free_failures + [429, 429]


# 6.7 Cryptography --------------------------------------------------------------------------------------------------------


def test_6_7_1_the_makers_certificates_are_read_once_when_the_server_starts(tmp_path):
    """They are files of the operator's; whoever changes one later changes nothing before somebody starts the server again."""
    maker, path = Maker(), tmp_path / "roots.pem"
    path.write_bytes(maker.pem())
    passkeys = PasskeyAuthenticator(rp_id=RP_ID, attestation="required", attestation_roots=[path])
    path.write_bytes(Maker().pem())
    assert [root.strip() for root in passkeys.attestation.roots] == [maker.pem().strip()]


async def test_6_7_2_a_challenge_has_64_bits_at_least_and_is_never_given_twice():
    sizes = []

    def entropy(size):
        sizes.append(size)
        return system_entropy(size)

    passkeys = PasskeyAuthenticator(rp_id=RP_ID)
    given = [str((await passkeys.begin(context(entropy), None, ())).public) for _ in range(100)]
    assert len(set(given)) == 100
    assert min(sizes) * 8 >= 64


# 6.8 Other providers -----------------------------------------------------------------------------------------------------


async def test_6_8_nobody_signs_in_by_the_word_of_another_provider(site):
    """6.8.1 to 6.8.4 are for servers that take assertions of others: no address takes one, and no grant does."""
    assert not [path for path in ROUTES if re.search("callback|saml|acs|federat|upstream", path)]
    grants = (await site.get("/.well-known/openid-configuration")).json()["grant_types_supported"]
    assert not [grant for grant in grants if "bearer" in grant]
    for grant in ("jwt-bearer", "saml2-bearer"):
        form = site.proof("robot") | {
            "grant_type": f"urn:ietf:params:oauth:grant-type:{grant}",
            "assertion": "e30.e30.",
        }
        assert (await site.post("/token", form)).json()["error"] == "unsupported_grant_type"
