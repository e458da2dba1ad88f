"""What comes in is read strictly, and a refusal names what is wrong."""

import pytest

pytestmark = pytest.mark.anyio


@pytest.mark.parametrize(
    ("body", "status", "code", "field", "words"),
    [
        ({"usrname": "x"}, 422, "invalid_value", "usrname", "Did you mean 'username'?"),
        ({}, 422, "invalid_value", "username", "missing"),
        ({"username": 7}, 422, "invalid_value", "username", "str"),
        ({"username": ""}, 422, "invalid_value", "username", "length"),
        ({"username": "x", "roles": ["Not A Role"]}, 422, "invalid_value", "roles[0]", "match"),
        ({"username": "two words"}, 422, "invalid_value", "username", "match"),
        ({"username": "x\u200b"}, 422, "not_allowed", None, "invisible"),
        (["username"], 422, "invalid_value", None, "object"),
    ],
)
async def test_a_value_that_does_not_fit_is_named(api, site, body, status, code, field, words):
    answer = await api.post("/users", body)

    told = answer.json()
    assert (answer.status_code, told["code"], told.get("field")) == (status, code, field)
    assert words in told["detail"]
    denial = await site.rt.store.read.denials.get(told["denial_id"])
    assert (denial.code, denial.endpoint) == (code, "POST /api/v1/users")


@pytest.mark.parametrize(
    "text",
    [
        b'{"username": "a", "username": "b"}',
        b'{"username": "a"',
        b'{"username": NaN}',
        b'{"username": "a\\u0000"}',
        b'{"username": "\\ud800"}',
        b'{"username": "\xff"}',
        b"[" * 5000,
        b'{"username": ' + b"9" * 5000 + b"}",
    ],
)
async def test_what_is_no_strict_json_is_refused(api, text):
    answer = await api.call("POST", "/users", content=text, headers={"Content-Type": "application/json"})

    assert (answer.status_code, answer.json()["code"]) == (400, "malformed_request")


async def test_another_kind_of_content_is_refused(api):
    answer = await api.call("POST", "/users", data={"username": "carol"})

    assert (answer.status_code, answer.json()["code"]) == (415, "unsupported_media_type")


async def test_a_body_over_the_limit_is_refused(api):
    answer = await api.post("/users", {"username": "x" * 70_000})

    assert (answer.status_code, answer.json()["code"]) == (413, "body_too_large")


@pytest.mark.parametrize("query", ["limit=0", "limit=201", "limit=x", "size=3", "dry_run=true"])
async def test_a_parameter_that_does_not_fit_is_refused(api, query):
    answer = await api.get(f"/users?{query}")

    assert answer.status_code == 422
    assert answer.json()["field"] == query.split("=")[0]


async def test_another_method_is_told_which_there_are(api):
    answer = await api.call("DELETE", "/users")

    assert (answer.status_code, answer.headers["allow"]) == (405, "GET, HEAD, OPTIONS, POST")


async def test_an_address_that_is_none_is_not_found(api):
    assert (await api.get("/unicorns")).json()["code"] == "not_found"
