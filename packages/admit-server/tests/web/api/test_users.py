"""Users at the API."""

import pytest

pytestmark = pytest.mark.anyio


async def test_a_user_is_added_shown_and_listed(api, site):
    made = await api.post("/users", {"username": "carol", "email": "carol@example.com", "roles": ["editor"]})

    assert made.status_code == 201, made.text
    carol = made.json()
    assert carol["roles"] == ["editor"]
    assert await api.document(f"/users/{carol['user_id']}") == carol == await api.document("/users/carol")
    assert carol in (await api.document("/users"))["items"]


async def test_the_acting_person_stands_in_the_audit_log(api, site):
    await api.post("/users", {"username": "carol"})

    root = await api.document("/users/root")
    event = (await site.events())[0]
    assert (event.action, event.actor, event.network) == ("user.added", root["user_id"], "192.0.2.1")


async def test_a_new_user_with_a_password_can_sign_in(api, site):
    made = await api.post("/users", {"username": "carol", "password": "carols sturdy phrase"})

    assert made.status_code == 201
    assert (await site.browser().sign_in(username="carol", password="carols sturdy phrase")).status_code == 303


async def test_pages_follow_one_another_also_when_somebody_is_added_meanwhile(api):
    first = await api.document("/users?limit=2")
    assert len(first["items"]) == 2
    await api.post("/users", {"username": "aaron"})

    seen = [user["username"] for user in first["items"]]
    cursor = first["next"]
    while cursor is not None:
        page = await api.document(f"/users?limit=2&cursor={cursor}")
        seen += [user["username"] for user in page["items"]]
        cursor = page["next"]

    assert seen == ["alice", "bob", "nopassword", "root"]


@pytest.mark.parametrize("cursor", ["%21", "AAAA", "YQ==", "Y"])
async def test_a_cursor_that_is_none_is_refused(api, cursor):
    answer = await api.get(f"/users?cursor={cursor}")

    assert answer.status_code == 422
    assert answer.json()["field"] == "cursor"


async def test_a_taken_name_is_a_conflict_with_a_number(api, site):
    answer = await api.post("/users", {"username": "ALICE"})

    body = answer.json()
    assert (answer.status_code, body["code"]) == (409, "already_exists")
    assert answer.headers["content-type"] == "application/problem+json"
    denial = await site.rt.store.read.denials.get(body["denial_id"])
    assert denial.endpoint == "POST /api/v1/users"


async def test_a_user_that_is_not_there_is_not_found(api):
    answer = await api.get("/users/nobody")

    assert (answer.status_code, answer.json()["code"]) == (404, "not_found")


async def test_a_name_with_a_slash_keeps_it_in_its_part_of_the_address(api):
    await api.post("/users", {"username": "a/b%2F"})

    assert (await api.document("/users/a%2Fb%252F"))["username"] == "a/b%2F"
