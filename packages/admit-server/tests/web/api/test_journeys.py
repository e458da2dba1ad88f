"""Sign-in rules at the API: the same checks and the same effect as `admit journey`, and what somebody would be asked."""

import pytest

pytestmark = pytest.mark.anyio
API = "https://api.example"
RULE = {"name": "far", "requires": "password and totp", "client": "The web", "resource": API, "outside": "10.0.0.0/8"}


async def test_a_rule_is_added_read_replaced_and_deleted_and_nobodys_change_is_lost(api, site):
    made = await api.post("/sign-in-rules", RULE)
    assert made.status_code == 201, made.text
    assert {name: made.json()[name] for name in ("client_id", "resource", "outside", "role", "risk")} == {
        "client_id": "web",
        "resource": API,
        "outside": "10.0.0.0/8",
        "role": None,
        "risk": None,
    }
    assert await api.document("/sign-in-rules/far") == made.json()
    assert (await api.document("/sign-in-rules"))["items"] == [made.json()]
    assert (await api.post("/sign-in-rules", RULE)).json()["code"] == "already_exists"
    changed = {"requires": "totp", "role": "editor"}
    assert (await api.call("PUT", "/sign-in-rules/far", changed)).status_code == 428
    assert (await api.call("PUT", "/sign-in-rules/far", changed, headers={"If-Match": '"x"'})).status_code == 412
    etag = (await api.get("/sign-in-rules/far")).headers["etag"]
    site.clock.advance(5)
    replaced = await api.call("PUT", "/sign-in-rules/far", changed, headers={"If-Match": etag})
    assert replaced.status_code == 200, replaced.text
    now = replaced.json()
    assert (now["requires"], now["role"], now["client_id"], now["outside"]) == ("totp", "editor", None, None)
    assert (now["created_at"], now["updated_at"]) == (made.json()["created_at"], made.json()["created_at"] + 5)
    assert (await api.delete("/sign-in-rules/far")).json() == {"changed": True, "ended": 0}
    assert (await api.get("/sign-in-rules/far")).status_code == 404
    assert (await api.delete("/sign-in-rules/far")).status_code == 404


async def test_it_holds_from_the_next_step_on_and_no_longer_than_it_is_there(api, site):
    async def is_asked_for_more(client):
        browser = site.browser()
        first = await browser.authorize(client)
        answer = await browser.sign_in(first.headers["location"])
        return "/sign-in?" in answer.headers["location"]

    await api.post("/sign-in-rules", {"name": "r", "requires": "totp", "client": "web"})
    assert [await is_asked_for_more(client) for client in ("web", "portal")] == [True, False]
    await api.delete("/sign-in-rules/r")
    assert not await is_asked_for_more("web")


@pytest.mark.parametrize(
    ("values", "status"),
    [
        ({"requires": "password and"}, 422),
        ({"requires": "email_code"}, 422),
        ({"requires": ""}, 422),
        ({"name": "Not a name"}, 422),
        ({"network": "10.0.0.0/33"}, 422),
        ({"risk": "full-moon"}, 422),
        ({"risk": "new-device"}, 422),
        ({"priority": 7}, 422),
        ({"client": "nobody"}, 404),
        ({"resource": "https://nowhere.example"}, 404),
    ],
)
async def test_what_the_command_refuses_is_refused_and_nothing_is_written(api, values, status):
    answer = await api.post("/sign-in-rules", RULE | values)
    assert answer.status_code == status, answer.text
    assert (await api.document("/sign-in-rules"))["items"] == []


async def test_a_rule_that_is_not_there_is_not_made_by_a_replacement(api):
    answer = await api.call("PUT", "/sign-in-rules/none", {"requires": "totp"}, headers={"If-Match": "*"})
    assert (answer.status_code, answer.json()["code"]) == (404, "not_found")


async def test_the_same_request_with_a_key_is_done_once(api):
    first, second = [await api.post("/sign-in-rules", RULE, headers={"Idempotency-Key": '"far-1"'}) for _ in range(2)]
    assert (first.status_code, second.status_code, second.content) == (201, 201, first.content)


async def test_reading_and_writing_take_a_scope_each(people, api):
    await api.post("/sign-in-rules", RULE)
    reader, other = await people.helper("journeys:read"), await people.helper("policies:write", name="other")
    assert (await reader.get("/sign-in-rules/far")).status_code == 200
    assert (await reader.get("/effective-journey?user=alice")).status_code == 200
    for refused in (
        await reader.post("/sign-in-rules", RULE | {"name": "more"}),
        await reader.delete("/sign-in-rules/far"),
        await other.get("/sign-in-rules"),
        await other.get("/effective-journey?user=alice"),
    ):
        assert (refused.status_code, refused.json()["code"]) == (403, "insufficient_scope")


async def test_it_is_said_what_somebody_would_be_asked_and_why(api):
    await api.post("/sign-in-rules", {"name": "api", "requires": "totp", "resource": API})
    await api.post("/sign-in-rules", {"name": "new", "requires": "recovery_codes", "risk": "new-device"})
    told = await api.document("/effective-journey?user=alice&client=web&address=192.0.2.1")
    assert [rule["name"] for rule in told["rules"]] == ["api"]
    assert told["other_rules"] == ["new"]
    assert [(step["method"], step["set_up_first"], step["why"]) for step in told["steps"]] == [
        ("password", False, "the settings"),
        ("totp", True, "rule api"),
    ]
    assert (told["user"], told["has"], told["ends_with"]) == ("alice", ["password"], "urn:admit:acr:2fa")
    strange = await api.document("/effective-journey?user=alice&new_device=true")
    assert (strange["ends_with"], strange["missing"]) == (None, ["recovery_codes"])
    assert (await api.get("/effective-journey?user=nobody")).status_code == 404
    assert (await api.get("/effective-journey")).status_code == 422
