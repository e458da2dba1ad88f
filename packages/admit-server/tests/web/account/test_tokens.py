"""The page of a person's own tokens."""

import re

import pytest
from site_kit import API, hidden_fields

from admit_server.flows import personal_tokens
from admit_server.flows.admin import resources, users
from admit_server.flows.personal_tokens import NewPersonalToken
from admit_server.flows.runtime import Caller

pytestmark = pytest.mark.anyio
CALLER = Caller(actor="test")


@pytest.fixture
async def shop(site):
    await resources.update(API, resources.ResourceChange(personal_tokens=True), rt=site.rt, caller=CALLER)
    return site


@pytest.fixture
async def alices(shop):
    browser = shop.browser()
    await browser.sign_in()
    return browser


async def made(browser, **changes):
    page = await browser.get("/account/tokens")
    form = hidden_fields(page.text) | {"name": "nightly", "days": "30", "scope notes:read": "yes"} | changes
    return await browser.send("/account/tokens", {name: value for name, value in form.items() if value})


def text_of(answer):
    return re.search(r"adm_pat_[0-9A-Za-z]+", answer.text)[0]


async def test_a_person_makes_one_sees_it_once_and_ends_it(shop, alices):
    home = await alices.get("/")
    assert 'href="/account"' in home.text
    answer = await made(alices)
    assert answer.status_code == 200
    token = text_of(answer)
    assert answer.headers["cache-control"] == "no-store"
    assert await shop.is_active(token)
    page = await alices.get("/account/tokens")
    assert token not in page.text
    assert "nightly" in page.text
    assert f"…{token[-4:]}" in page.text
    assert "Last used: 1" in page.text  # `is_active` was a use
    ending = hidden_fields(page.text)
    step = await alices.send("/account/tokens", {"form_token": ending["form_token"], "end": ending["end"]})
    assert step.status_code == 303
    assert not await shop.is_active(token)
    assert "It has ended." in (await alices.get("/account/tokens")).text


async def test_however_many_there_are_each_stands_on_one_page_and_those_that_ended_come_last(shop, alices):
    alice = await users.find("alice", rt=shop.rt)
    for number in range(12):
        new = NewPersonalToken(id=shop.rt.new_id("tok"), user=alice, audience=API, name=f"token number {number}.")
        await personal_tokens.make(new, by_administrator=False, rt=shop.rt, caller=CALLER)
        shop.clock.advance(number % 2)
    form = hidden_fields((await alices.get("/account/tokens")).text)
    await alices.send("/account/tokens", {"form_token": form["form_token"], "end": form["end"]})
    first = (await alices.get("/account/tokens")).text
    older = re.search(r'href="(/account/tokens\?after=[^"]+)">Older', first)[1]
    second = (await alices.get(older)).text
    names = [re.findall(r"<h2>(token number [0-9]+\.)", page) for page in (first, second)]
    assert [len(each) for each in names] == [10, 2]
    assert {*names[0], *names[1]} == {f"token number {number}." for number in range(12)}
    assert ("It has ended." in first, second.count("It has ended.")) == (False, 1)
    assert "Older" not in second
    assert (await alices.get("/account/tokens?after=alive.x")).status_code == 400


async def test_sending_the_form_again_makes_no_second_one_and_shows_nothing(shop, alices):
    page = await alices.get("/account/tokens")
    form = hidden_fields(page.text) | {"name": "nightly", "days": "30", "scope notes:read": "yes"}
    first = await alices.send("/account/tokens", form)
    assert "adm_pat_" in first.text
    again = await alices.send("/account/tokens", form)
    assert again.status_code == 400
    assert "adm_pat_" not in again.text
    assert "made already" in again.text


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"name": ""}, "name has 1 to 60"),
        ({"scope notes:read": ""}, "Choose at least one"),
        ({"days": "9999"}, "lives"),
        ({"scope admin": "yes"}, "Not available"),
        ({"resource": "https://opaque.example"}, "no resource"),
    ],
)
async def test_what_can_not_be_is_said_on_the_page(shop, alices, changes, said):
    answer = await made(alices, **changes)
    assert answer.status_code == 400
    assert said in answer.text
    assert "adm_pat_" not in answer.text


async def test_strangers_are_led_to_the_sign_in_and_forged_forms_are_refused(shop, alices):
    assert (await shop.browser().get("/account/tokens")).headers["location"] == "/sign-in"
    page = await alices.get("/account/tokens")
    form = hidden_fields(page.text) | {"name": "x", "days": "30", "scope notes:read": "yes"}
    foreign = await alices.send(
        "/account/tokens", form, headers={"Sec-Fetch-Site": "cross-site", "Origin": "https://evil.example"}
    )
    assert foreign.status_code == 403
    assert (await alices.send("/account/tokens", form | {"form_token": "0" * 64})).status_code == 403


async def test_nobody_ends_the_token_of_another(shop, alices):
    token = text_of(await made(alices))
    token_id = hidden_fields((await alices.get("/account/tokens")).text)["end"]
    bobs = shop.browser(address="192.0.2.99")
    await bobs.sign_in(username="bob", password="another sturdy phrase")
    fields = hidden_fields((await bobs.get("/account/tokens")).text)
    answer = await bobs.send("/account/tokens", {"form_token": fields["form_token"], "end": token_id})
    assert answer.status_code == 400
    assert await shop.is_active(token)


async def test_who_signs_in_for_no_application_is_not_told_that_an_application_sees_no_password(shop):
    page = await shop.browser().get("/sign-in")
    assert "this server only." in page.text
    assert "never sees it" not in page.text


async def test_a_form_with_the_id_of_another_token_is_a_form_that_was_changed(shop, alices):
    await shop.tokens("opaque-web")
    ((taken,),) = await shop.rows("SELECT id FROM access_token")
    answer = await made(alices, new=taken)
    assert answer.status_code == 400
    assert not await shop.rows("SELECT id FROM personal_token")


async def test_no_number_of_ended_ones_hides_one_that_is_alive(shop, alices):
    first = text_of(await made(alices, name="hidden one"))

    async def unit(tx):
        for number in range(250):
            await tx.clients._tx.run(
                """INSERT INTO personal_token (id, grant_id, user_id, name, hint, created_at, expires_at, last_used_from)
                   SELECT :id, grant_id, user_id, 'old', 'xxxx', :at, :at, '' FROM personal_token WHERE name = 'hidden one'""",
                id=f"tok_{number:022}",
                at=shop.clock(),
            )

    await shop.rt.store.write(unit)
    assert await shop.is_active(first)
    assert "hidden one" in (await alices.get("/account/tokens")).text
