"""The front door: methods, sizes, faults. Every refusal in the format of its address, and never a traceback."""

import pytest
from site_kit import FORM, SAME_ORIGIN, ReadOnly, Stream, Unavailable, hidden_fields, request_of

pytestmark = pytest.mark.anyio

OAUTH = ("/token", "/introspect", "/revoke", "/authorize-challenge", "/userinfo")
PAGES = ("/authorize", "/sign-in", "/consent", "/logout")
POSTS = (*OAUTH, *PAGES)
GETS = (
    "/",
    "/livez",
    "/readyz",
    "/.well-known/openid-configuration",
    "/.well-known/oauth-authorization-server",
    "/jwks",
    "/revocations",
)
TEN_MB = 10_000_000


def kind_of(answer):
    return answer.headers["content-type"].split(";")[0]


def is_refusal_of(path, answer, status, code):
    """The right format: RFC 6749 JSON, a page, or an RFC 9457 problem."""
    assert answer.status_code == status, (path, answer.status_code, answer.text[:300])
    assert answer.headers["cache-control"] == "no-store"
    if path in OAUTH:
        assert kind_of(answer) == "application/json"
        assert answer.json()["error"] == code
    elif kind_of(answer) == "text/html":
        assert "<h1>" in answer.text
    else:
        assert kind_of(answer) == "application/problem+json"
        body = answer.json()
        assert (body["code"], body["status"]) == (code, status)
    assert "Traceback" not in answer.text
    return True


async def test_ten_megabytes_are_refused_at_every_address_that_takes_a_body(site):
    for path in POSTS:
        headers = {"content-type": FORM, **SAME_ORIGIN}
        for body in (b"x=" + b"a" * TEN_MB, endless(b"a" * 65_536, 160)):
            answer = await site.post(path, {}, content=body, headers=headers)
            assert is_refusal_of(path, answer, 413, "body_too_large")
            assert answer.headers["connection"] == "close"


async def endless(chunk, times):
    """A body that does not declare its length."""
    for _ in range(times):
        yield chunk


async def test_a_client_that_waits_for_our_word_sends_nothing_of_a_body_that_is_too_large(site):
    async def receive():
        raise AssertionError("the body was asked for")

    sent = []

    async def send(message):
        sent.append(message)

    headers = {"content-type": FORM, "content-length": str(TEN_MB), "expect": "100-continue"}
    await site.app(Stream(site.app, "/token", headers, method="POST")._scope, receive, send)
    assert sent[0]["status"] == 413


async def test_a_client_that_never_stops_sending_is_answered_all_the_same(site):
    read = []

    async def receive():
        read.append(65_536)
        return {"type": "http.request", "body": b"a" * 65_536, "more_body": True}

    sent = []

    async def send(message):
        sent.append(message)

    await site.app(Stream(site.app, "/token", {"content-type": FORM}, method="POST")._scope, receive, send)
    assert sent[0]["status"] == 413
    assert sum(read) < 40_000_000


async def test_another_kind_of_body_is_refused_at_every_form(site):
    for path in POSTS:
        if path == "/userinfo":
            continue
        for kind in ("application/json", "multipart/form-data; boundary=b", "text/plain"):
            answer = await site.post(path, {}, content=b'{"a": 1}', headers={"content-type": kind, **SAME_ORIGIN})
            assert is_refusal_of(path, answer, 400, "invalid_request")


async def test_repeated_parameters_nul_and_broken_text_are_refused_at_every_form(site):
    for path in POSTS:
        if path == "/userinfo":
            continue
        for body in (
            b"a=1&a=2",
            b"a=1&a=1",
            b"a=%00",
            b"a=%ff",
            b"a=%ED%A0%80",
            b"%00=1",
            "a=ü".encode(),
            b"&".join([b"p=1"] * 70),
        ):
            answer = await site.post(path, {}, content=body, headers={"content-type": FORM, **SAME_ORIGIN})
            assert is_refusal_of(path, answer, 400, "invalid_request")


async def test_what_is_told_of_an_error_keeps_to_the_characters_that_oauth_allows(site):
    """RFC 6749 section 5.2: %x20-21 / %x23-5B / %x5D-7E."""
    for body in (
        'a"b=1&a"b=2',
        "ü=1&ü=2",
        "a%5Cb=1&a%5Cb=2",
        "a%0Ab=1&a%0Ab=2",
        "scope=%22&grant_type=refresh_token&refresh_token=x&client_id=web",
    ):
        answer = await site.post(
            "/token",
            {},
            content=body.encode("latin-1") if "ü" not in body else b"%C3%BC=1&%C3%BC=2",
            headers={"content-type": FORM},
        )
        text = answer.json().get("error_description", "")
        assert all(0x20 <= ord(c) <= 0x7E and c not in '"\\' for c in text), text


async def test_head_answers_like_get_without_hanging(site):
    for path in (
        *GETS,
        "/sign-in",
        "/userinfo",
        "/authorize?" + "&".join(f"{k}={v}" for k, v in request_of(scope="openid").items()),
    ):
        async with Stream(site.app, path, {"accept": "*/*"}, method="HEAD") as head:
            await head.finished()
            assert head.status in (200, 303, 401), path


async def test_head_on_the_stream_of_the_feed_ends_at_once_and_is_not_counted(open_site):
    async with open_site(toml="[feed]\nstreams_per_network = 1\n") as site:
        for _ in range(3):
            async with Stream(site.app, "/revocations", {"accept": "text/event-stream"}, method="HEAD") as head:
                await head.finished(within_s=2)
                assert head.status == 200
                assert head.headers["content-type"].startswith("text/event-stream")


async def test_options_tells_what_an_address_answers(site):
    http = site.http()
    for path, allowed in (
        ("/token", "OPTIONS, POST"),
        ("/jwks", "GET, HEAD, OPTIONS"),
        ("/sign-in", "GET, HEAD, OPTIONS, POST"),
    ):
        answer = await http.request("OPTIONS", path)
        assert (answer.status_code, answer.headers["allow"], answer.content) == (204, allowed, b"")


async def test_another_method_is_405_with_what_is_allowed(site):
    http = site.http()
    for path in (*POSTS, *GETS):
        for method in ("DELETE", "PUT", "PATCH", "BREW"):
            answer = await http.request(method, path)
            assert is_refusal_of(path, answer, 405, "method_not_allowed")
            assert "OPTIONS" in answer.headers["allow"]
    for path in ("/token", "/introspect", "/revoke", "/authorize-challenge"):
        assert is_refusal_of(path, await http.get(path), 405, "method_not_allowed")
    assert (await http.post("/jwks")).status_code == 405


async def test_nothing_is_found_where_nothing_is(site):
    http = site.http()
    for path in (
        "/nothing",
        "/token/",
        "/TOKEN",
        "/static/",
        "/static/../app.py",
        "/static/0000/admit.css",
        "/static/x",
        "/%00",
        "/..%2f",
        "/%0d%0aX: y",
    ):
        for method in ("GET", "POST", "DELETE"):
            answer = await http.request(method, path)
            assert answer.status_code in (404, 405), path
            assert "location" not in answer.headers
        page = await http.get(path)
        assert kind_of(page) == "text/html"
        assert "There is no such page" in page.text


async def test_the_pages_files_are_cached_for_ever_under_an_address_with_their_digest(site):
    page = (await site.get("/sign-in")).text
    css = page.split('rel="stylesheet" href="')[1].split('"')[0]
    answer = await site.get(css)
    assert answer.headers["cache-control"] == "public, max-age=31536000, immutable"
    assert kind_of(answer) == "text/css"


@pytest.mark.parametrize("host", ["evil.example", "[", "[::1", "a/b?c#d", "x:99999999", "", "a\\b", "é"])
async def test_the_host_header_decides_nothing_and_breaks_nothing(site, host):
    for path in ("/.well-known/openid-configuration", "/sign-in", "/static/x/admit.css", "/logout"):
        answer = await site.get(path, headers=[("host", host.encode())])
        assert answer.status_code in (200, 404), (path, answer.text)
        assert "evil.example" not in answer.text


async def test_every_answer_carries_the_headers_that_protect_it(site):
    http = site.http()
    for path in (*GETS, *PAGES, "/nothing", "/token"):
        headers = (await http.get(path)).headers
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["referrer-policy"] == "same-origin"
        assert "strict-transport-security" not in headers
        assert "server" not in headers


async def test_over_https_the_browser_is_told_to_stay_there(open_site):
    async with open_site(issuer="https://id.example") as site:
        answer = await site.get("/sign-in")
        assert answer.headers["strict-transport-security"] == "max-age=31536000"


async def test_what_carries_a_secret_is_never_stored(site):
    browser = site.browser()
    code = await browser.code()
    tokens = await site.redeem(code)
    bearer = {"authorization": "Bearer " + tokens.json()["access_token"]}
    answers = [
        tokens,
        await site.get("/userinfo", headers=bearer),
        await site.post("/introspect", {"token": tokens.json()["access_token"]} | site.proof("api")),
        await browser.get("/sign-in"),
        await browser.get("/"),
        await browser.get("/logout"),
        await browser.authorize(),
        await browser.authorize(redirect_uri="https://evil.example/"),
        await site.post("/revoke", {"token": "x"} | site.proof("web")),
        await site.own_token(scope="admin"),
    ]
    for answer in answers:
        assert answer.headers["cache-control"] == "no-store", answer.request.url


async def test_a_database_that_can_not_answer_is_503_in_each_format_and_never_a_traceback(site, caplog):
    browser = site.browser()
    fields = hidden_fields((await browser.get((await browser.authorize()).headers["location"])).text)
    tokens = await site.tokens()
    session = {"cookie": f"admit-8100-sid=adm_ss_{'0' * 43}000000"}
    app = site.with_runtime(store=Unavailable())
    broken = site.http(app=app)
    broken.cookies.update(browser.client.cookies)
    bearer = {"authorization": "Bearer " + tokens["access_token"]}
    form = {"username": "alice", "password": "x" * 20}
    tries = [
        (
            "/token",
            await broken.post("/token", data={"grant_type": "x", "client_id": "web"}),
        ),
        ("/introspect", await broken.post("/introspect", data={"token": "x"} | site.proof("api"))),
        ("/revoke", await broken.post("/revoke", data={"token": "x"} | site.proof("web"))),
        ("/authorize-challenge", await broken.post("/authorize-challenge", data={"client_id": "script"})),
        ("/userinfo", await broken.get("/userinfo", headers=bearer)),
        ("/authorize", await broken.get("/authorize?client_id=web")),
        ("/sign-in", await broken.post("/sign-in", data=fields | form, headers=SAME_ORIGIN)),
        ("/consent", await broken.get("/consent?request=" + fields["request"])),
    ]
    for path, answer in tries:
        assert is_refusal_of(path, answer, 503, "temporarily_unavailable")
        assert int(answer.headers["retry-after"]) >= 1
        assert "secret/place" not in answer.text
        assert "disk" not in answer.text
    assert session
    assert not any(record.exc_info for record in caplog.records)


async def test_a_full_disk_refuses_what_has_to_be_written_and_keeps_answering_the_rest(site):
    tokens = await site.tokens()
    app = site.with_runtime(store=ReadOnly(site.rt.store))
    answer = await site.post(
        "/token", {"grant_type": "refresh_token", "refresh_token": tokens["refresh_token"]} | site.proof("web"), app=app
    )
    assert is_refusal_of("/token", answer, 503, "temporarily_unavailable")
    told = await site.post("/introspect", {"token": tokens["access_token"]} | site.proof("api"), app=app)
    assert told.json()["active"] is True
    browser = site.browser(app=app)
    assert (await browser.sign_in()).status_code == 503
    assert (await site.refresh(tokens["refresh_token"])).status_code == 200  # nothing was spent


async def test_a_fault_of_ours_is_500_without_detail_and_stands_in_the_log(site, caplog):
    class Faulty:
        def __getattr__(self, name):
            raise ZeroDivisionError("secret detail of the fault")

    app = site.with_runtime(store=Faulty())
    for path, answer in (
        ("/token", await site.post("/token", {"client_id": "web"}, app=app)),
        ("/authorize", await site.get("/authorize?client_id=web", app=app)),
    ):
        assert is_refusal_of(path, answer, 500, "server_error")
        assert "secret detail" not in answer.text
        assert "ZeroDivision" not in answer.text
    assert any(record.exc_info for record in caplog.records)


async def test_livez_answers_without_a_database_and_readyz_says_no_without_saying_why(site):
    app = site.with_runtime(store=Unavailable())
    assert (await site.get("/livez")).json() == (await site.get("/readyz")).json() == {"status": "ok"}
    assert (await site.get("/livez", app=app)).status_code == 200
    answer = await site.get("/readyz", app=app)
    assert is_refusal_of("/readyz", answer, 503, "not_ready")
    assert "secret/place" not in answer.text
    from admit_server.flows.runtime import KeyringHolder

    assert (await site.get("/readyz", app=site.with_runtime(keys=KeyringHolder()))).status_code == 503


async def test_without_a_key_to_sign_with_tokens_are_503_and_nothing_is_lost(site):
    from admit_server.flows.runtime import KeyringHolder

    app = site.with_runtime(keys=KeyringHolder())
    answer = await site.post(
        "/token", {"grant_type": "client_credentials", "resource": "https://api.example"} | site.proof("robot"), app=app
    )
    assert is_refusal_of("/token", answer, 503, "temporarily_unavailable")
    tokens = await site.tokens()
    refreshing = {"grant_type": "refresh_token", "refresh_token": tokens["refresh_token"]} | site.proof("web")
    assert (await site.post("/token", refreshing, app=app)).status_code == 503
    assert (await site.refresh(tokens["refresh_token"])).status_code == 200


async def test_a_client_that_hangs_up_in_the_middle_of_its_body_leaves_no_trace(site, caplog):
    async def receive():
        return {"type": "http.disconnect"}

    sent = []

    async def send(message):
        sent.append(message)

    scope = Stream(site.app, "/token", {"content-type": FORM}, method="POST")._scope
    await site.app(scope, receive, send)
    assert sent == []
    assert not caplog.records


async def test_a_stranger_can_not_forge_log_lines(site, caplog):
    caplog.set_level("DEBUG")
    await site.get("/authorize?client_id=x%0d%0aWARNING+forged")
    await site.post("/token", {"grant_type": "x\nWARNING forged", "client_id": "x\nWARNING forged"})
    await site.get("/nothing%0aWARNING%20forged")
    await site.post("/sign-in", {"form_token": "x"}, headers={"sec-fetch-site": "x\tWARNING forged"})
    for record in caplog.records:
        assert "\nWARNING" not in record.getMessage()
