"""The authorization endpoint: what is redirected, what is shown, and the code that goes back."""

from urllib.parse import parse_qs, quote, urlencode, urlsplit

import pytest
from site_kit import (
    API,
    BOBS_PASSWORD,
    CALLBACK,
    CHALLENGE,
    ISSUER,
    OPAQUE_API,
    VERIFIER,
    Stream,
    answer_of,
    claims_of,
    hidden_fields,
    request_of,
)

pytestmark = pytest.mark.anyio

AUTHORIZE = "/authorize?"


def is_page(response, status=400):
    return (
        response.status_code == status
        and response.headers["content-type"].startswith("text/html")
        and "location" not in response.headers
    )


async def test_a_request_without_sign_in_leads_to_the_sign_in_page_and_then_back_with_code_state_and_iss(site):
    browser = site.browser()
    step = await browser.authorize(state="a b&c=✓")
    assert step.status_code == 303
    assert step.headers["location"].startswith("/sign-in?request=")
    back = await browser.sign_in(step.headers["location"])
    assert back.status_code == 303
    url = urlsplit(back.headers["location"])
    assert f"{url.scheme}://{url.netloc}{url.path}" == CALLBACK
    answer = parse_qs(url.query)
    assert answer["state"] == ["a b&c=✓"]
    assert answer["iss"] == [ISSUER]
    assert set(answer) == {"code", "state", "iss"}
    assert answer["code"][0].startswith("adm_ac_")


async def test_who_is_signed_in_goes_straight_back(site):
    browser = site.browser()
    await browser.code()
    again = await browser.authorize(state="second")
    assert answer_of(again)["state"] == "second"
    assert answer_of(again)["code"].startswith("adm_ac_")


async def test_a_request_without_state_gets_none_back(site):
    browser = site.browser()
    await browser.code()
    assert set(answer_of(await browser.authorize(state=""))) == {"code", "iss"}


async def test_a_redirect_uri_keeps_the_query_it_was_registered_with(site):
    code = await site.browser().code("portal")
    assert (await site.redeem(code, "portal")).status_code == 200
    browser = site.browser()
    location = (await browser.authorize("portal", prompt="none")).headers["location"]
    assert location.startswith("https://portal.example/cb?tenant=7&error=login_required")


@pytest.mark.parametrize(
    "changed",
    [
        {"client_id": ""},
        {"client_id": "nobody"},
        {"client_id": "x" * 5000},
        {"redirect_uri": "https://evil.example/"},
        {"redirect_uri": CALLBACK + "/"},
        {"redirect_uri": "https://app.example@evil.example/cb"},
        {"redirect_uri": "javascript:alert(1)"},
        {"redirect_uri": "//evil.example/"},
    ],
)
async def test_an_unknown_client_or_address_is_shown_as_a_page_and_never_redirected(site, changed):
    """RFC 6749 section 4.1.2.1."""
    asked = request_of(**changed) if changed.get("client_id") != "" else request_of() | {"client_id": ""}
    answer = await site.get(AUTHORIZE + urlencode({k: v for k, v in asked.items() if v}))
    assert is_page(answer)
    assert "evil.example" not in answer.text
    assert "javascript:" not in answer.text


async def test_a_client_with_several_addresses_has_to_name_one(site):
    assert is_page(await site.browser().authorize("native"))


@pytest.mark.parametrize(
    ("changed", "error"),
    [
        ({"response_type": ""}, "invalid_request"),
        ({"response_type": "token"}, "unsupported_response_type"),
        ({"scope": "openid admin"}, "invalid_scope"),
        ({"resource": OPAQUE_API}, "invalid_target"),
        ({"code_challenge": ""}, "invalid_request"),
        ({"code_challenge_method": "plain"}, "invalid_request"),
        ({"prompt": "none"}, "login_required"),
        ({"prompt": "none login"}, "invalid_request"),
        ({"max_age": "x"}, "invalid_request"),
        ({"response_mode": "fragment"}, "invalid_request"),
        ({"nonce": "n" * 300}, "invalid_request"),
    ],
)
async def test_every_other_error_goes_back_to_the_client_with_state_and_iss(site, changed, error):
    """RFC 9207 section 2: `iss` in error responses too."""
    answer = await site.browser().authorize(**changed)
    assert answer.status_code == 303
    assert answer.headers["location"].startswith(CALLBACK + "?")
    told = answer_of(answer)
    assert (told["error"], told["state"], told["iss"]) == (error, "st-1", ISSUER)
    assert "code" not in told


@pytest.mark.parametrize(
    ("parameter", "error"),
    [
        ("request", "request_not_supported"),
        ("request_uri", "request_uri_not_supported"),
        ("registration", "registration_not_supported"),
    ],
)
async def test_a_request_object_is_refused_and_never_ignored(site, parameter, error):
    """OpenID Connect Core section 3.1.2.6 names the codes."""
    told = answer_of(await site.browser().authorize(**{parameter: "https://evil.example/r"}))
    assert told["error"] == error
    assert told["state"] == "st-1"


@pytest.mark.parametrize("twice", ["client_id", "redirect_uri", "state", "scope", "code_challenge", "response_type"])
async def test_a_parameter_that_stands_twice_is_refused_on_a_page(site, twice):
    """RFC 6749 section 3.1; which of two values counts must never be a guess, so nothing of it is trusted."""
    query = urlencode(request_of(redirect_uri=CALLBACK)) + f"&{twice}=x"
    assert is_page(await site.get(AUTHORIZE + query))


@pytest.mark.parametrize("value", ["a%00b", "%ff", "%ED%A0%80", "%C0%AF", "%F5%80%80%80"])
async def test_nul_and_broken_utf8_are_refused(site, value):
    query = urlencode(request_of(state="")) + f"&state={value}"
    answer = await site.get(AUTHORIZE + query)
    assert is_page(answer)


async def test_a_raw_non_ascii_query_is_refused_and_not_guessed(site):
    async with Stream(site.app, "/authorize?client_id=web&state=ÿ", {}) as answer:
        await answer.finished()
        assert answer.status == 400


async def test_a_percent_sign_that_encodes_nothing_is_text(site):
    query = urlencode(request_of(state="")) + "&prompt=none&state=100%25%"
    assert answer_of(await site.get(AUTHORIZE + query))["state"] == "100%%"


async def test_too_many_parameters_and_too_long_an_address_are_refused(site):
    assert is_page(await site.get(AUTHORIZE + "&".join(f"p{n}=1" for n in range(65))))
    assert is_page(await site.get(AUTHORIZE + "state=" + "x" * 20_000), 414)


async def test_a_very_long_state_is_refused(site):
    assert answer_of(await site.browser().authorize(state="s" * 1025))["error"] == "invalid_request"


async def test_the_longest_state_nonce_and_password_that_are_allowed_get_through(site):
    browser = site.browser()
    state = "🦀" * 1024
    step = await browser.sign_in((await browser.authorize(state=state, nonce="é" * 256)).headers["location"])
    assert step.status_code == 303
    assert answer_of(step)["state"] == state
    again = await browser.authorize(state=state, nonce="é" * 256, prompt="login")
    wrong = await browser.sign_in(again.headers["location"], password="🦀" * 1024)
    assert wrong.status_code == 403


async def test_the_same_request_works_by_post(site):
    """OpenID Connect Core section 3.1.2.1."""
    browser = site.browser()
    step = await browser.client.post("/authorize", data=request_of())
    assert step.status_code == 303
    while step.headers["location"].startswith("/authorize"):
        step = await browser.get(step.headers["location"])
    assert step.headers["location"].startswith("/sign-in?request=")
    assert answer_of(await browser.sign_in(step.headers["location"]))["state"] == "st-1"
    bad = await browser.client.post("/authorize", data=request_of(redirect_uri="https://evil.example/"))
    assert is_page(bad)


async def test_none_is_answered_without_a_page_whoever_asks(site):
    browser = site.browser()
    assert answer_of(await browser.authorize(prompt="none"))["error"] == "login_required"
    await browser.code()
    assert answer_of(await browser.authorize(prompt="none"))["code"]
    site.clock.advance(100)
    assert answer_of(await browser.authorize(prompt="none", max_age="99"))["error"] == "login_required"
    assert answer_of(await browser.authorize(prompt="none", max_age="100"))["code"]
    assert answer_of(await browser.authorize("third", prompt="none"))["error"] == "consent_required"


async def test_login_asks_for_a_new_proof_and_the_token_tells_its_time(site):
    browser = site.browser()
    first = claims_of((await browser.tokens())["id_token"])["auth_time"]
    site.clock.advance(60)
    step = await browser.authorize(prompt="login")
    assert step.headers["location"].startswith("/sign-in?")
    done = await browser.sign_in(step.headers["location"])
    tokens = (await site.redeem(answer_of(done)["code"])).json()
    assert claims_of(tokens["id_token"])["auth_time"] == first + 60


async def test_choosing_another_account_asks_for_a_proof_too(site):
    browser = site.browser()
    await browser.code()
    step = await browser.authorize(prompt="select_account")
    assert step.headers["location"].startswith("/sign-in?")
    other = await browser.sign_in(step.headers["location"], "bob", BOBS_PASSWORD)
    assert "code" in answer_of(other)


async def test_max_age_asks_for_a_new_proof_when_the_old_one_is_too_old(site):
    browser = site.browser()
    await browser.code()
    site.clock.advance(30)
    assert "code" in answer_of(await browser.authorize(max_age="30"))
    site.clock.advance(1)
    step = await browser.authorize(max_age="30")
    assert step.headers["location"].startswith("/sign-in?")
    assert "code" in answer_of(await browser.sign_in(step.headers["location"]))
    assert (await browser.authorize(max_age="0")).headers["location"].startswith(CALLBACK)  # proven this very second
    site.clock.advance(1)
    assert (await browser.authorize(max_age="0")).headers["location"].startswith("/sign-in?")


@pytest.mark.parametrize("wish", [{"prompt": "login"}, {"max_age": "10"}, {"prompt": "select_account"}])
@pytest.mark.parametrize("client_id", ["web", "third"])
async def test_a_wish_for_a_fresh_sign_in_can_not_be_walked_around(site, wish, client_id):
    """The sealed request of the sign-in page, carried by hand to the consent page, must not give a code."""
    browser = site.browser()
    await browser.code("web")
    site.clock.advance(60)
    step = await browser.authorize(client_id, **wish)
    sealed = step.headers["location"].removeprefix("/sign-in?")
    shown = await browser.get("/consent?" + sealed)
    assert shown.status_code == 303
    assert shown.headers["location"].startswith("/sign-in?")
    fields = hidden_fields((await browser.get(step.headers["location"])).text)
    sent = await browser.send("/consent", fields | {"decision": "allow"})
    assert "code=" not in sent.headers.get("location", "")


async def test_a_third_party_needs_the_persons_word(site):
    browser = site.browser()
    step = await browser.authorize("third", scope="openid notes:read email")
    step = await browser.sign_in(step.headers["location"])
    assert step.headers["location"].startswith("/consent?request=")
    page = await browser.get(step.headers["location"])
    for text in ("The third", "alice", "Read your notes", "Know that it is you", "See your e-mail address"):
        assert text in page.text
    assert "Write your notes" not in page.text
    denied = await browser.send("/consent", hidden_fields(page.text) | {"decision": "deny"})
    told = answer_of(denied)
    assert (told["error"], told["state"], told["iss"]) == ("access_denied", "st-1", ISSUER)
    allowed = await browser.send("/consent", hidden_fields(page.text) | {"decision": "allow"})
    tokens = await site.redeem(answer_of(allowed)["code"], "third")
    assert tokens.json()["scope"] == "email notes:read openid"


@pytest.mark.parametrize("decision", [{}, {"decision": ""}, {"decision": "Allow"}, {"decision": "yes"}])
async def test_anything_but_allow_is_a_no(site, decision):
    browser = site.browser()
    await browser.code("web")
    page = await browser.get((await browser.authorize("third")).headers["location"])
    answer = await browser.send("/consent", hidden_fields(page.text) | decision)
    assert answer_of(answer)["error"] == "access_denied"


async def test_consent_is_asked_of_first_party_apps_too_when_they_wish(site):
    browser = site.browser()
    await browser.code("web")
    step = await browser.authorize("web", prompt="consent")
    assert step.headers["location"].startswith("/consent?")


async def test_who_signed_out_meanwhile_has_to_sign_in_before_consenting(site):
    browser = site.browser()
    await browser.code("web")
    page = await browser.get((await browser.authorize("third")).headers["location"])
    out = await browser.get("/logout")
    await browser.send("/logout", hidden_fields(out.text))
    answer = await browser.send("/consent", hidden_fields(page.text) | {"decision": "allow"})
    assert answer.headers["location"].startswith("/sign-in?")


async def test_turning_back_at_the_sign_in_page_tells_the_client(site):
    browser = site.browser()
    page = await browser.get((await browser.authorize()).headers["location"])
    cancel = page.text.split('<a href="')[1].split('"')[0].replace("&amp;", "&")
    told = {name: values[0] for name, values in parse_qs(urlsplit(cancel).query).items()}
    assert cancel.startswith(CALLBACK + "?")
    assert (told["error"], told["state"], told["iss"]) == ("access_denied", "st-1", ISSUER)


async def test_a_private_use_scheme_and_any_loopback_port_lead_back_to_an_app(site):
    code = await site.browser().code("native", redirect_uri="com.example.app:/cb")
    assert (await site.redeem(code, "native", redirect_uri="com.example.app:/cb")).status_code == 200
    browser = site.browser()
    step = await browser.authorize("native", redirect_uri="http://127.0.0.1:49152/cb", prompt="none")
    assert step.headers["location"].startswith("http://127.0.0.1:49152/cb?error=login_required")


async def test_a_code_is_bound_to_exactly_the_request_that_made_it(site):
    browser = site.browser()
    code = await browser.code("native", redirect_uri="http://127.0.0.1:49152/cb")
    wrong = await site.redeem(code, "native", redirect_uri="http://127.0.0.1:49153/cb")
    assert wrong.json()["error"] == "invalid_grant"


async def test_the_audience_asked_for_stands_in_the_token(site):
    tokens = await site.tokens("web", resource=API)
    assert claims_of(tokens["access_token"])["aud"] == API


async def test_a_client_that_went_away_during_the_sign_in_gets_nothing(site):
    browser = site.browser()
    step = await browser.authorize()
    page = await browser.get(step.headers["location"])

    async def disable(tx):
        await tx.clients._tx.run("UPDATE client SET disabled_at = 1 WHERE id = 'web'")

    await site.rt.store.write(disable)
    for answer in (
        await browser.send("/sign-in", hidden_fields(page.text) | {"username": "alice", "password": "x" * 15}),
        await browser.get(step.headers["location"]),
        await browser.authorize(),
    ):
        assert is_page(answer)


async def test_the_grant_and_its_event_name_person_and_client(site):
    await site.browser().code()
    events = {event.action: event for event in await site.events()}
    made = events["grant.made"]
    assert made.actor.startswith("usr_")
    assert made.details == {"client": "web"}
    assert made.network == "192.0.2.1"


async def test_a_browser_kept_open_for_long_begins_again(site):
    """The session has its absolute end, however much it is used."""
    browser = site.browser()
    await browser.code()
    for _ in range(12):
        site.clock.advance(3_599)
        assert "code" in answer_of(await browser.authorize())
    site.clock.advance(12)
    assert (await browser.authorize()).headers["location"].startswith("/sign-in?")


async def test_the_code_fits_the_challenge_of_its_own_request(site):
    browser = site.browser()
    one = await browser.code(code_challenge=CHALLENGE)
    other = await browser.code(code_challenge="x" * 43)
    assert (await site.redeem(other, code_verifier=VERIFIER)).json()["error"] == "invalid_grant"
    assert (await site.redeem(one, code_verifier=VERIFIER)).status_code == 200


async def test_what_a_stranger_sends_is_never_markup(site):
    answer = await site.get(AUTHORIZE + f"client_id={quote('<script>alert(1)</script>')}&x=1&x=2")
    assert "<script" not in answer.text
    browser = site.browser()
    step = await browser.authorize(state='"><script>alert(1)</script>', login_hint='"><script>alert(2)</script>')
    page = await browser.get(step.headers["location"])
    assert "<script" not in page.text


async def test_a_post_from_another_site_sees_the_session_and_leaves_other_tabs_alone(site):
    """SameSite=Lax keeps the cookies from it, so it goes on as GET, which carries them."""
    browser = site.browser()
    await browser.sign_in()
    bare = await site.post("/authorize", request_of())
    assert bare.status_code == 303
    assert "set-cookie" not in bare.headers
    onward = await browser.get(bare.headers["location"])
    assert "code" in answer_of(onward)
