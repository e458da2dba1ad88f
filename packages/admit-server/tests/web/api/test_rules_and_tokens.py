"""Rules of /check, personal tokens, and many at once, at the API."""

import pytest

pytestmark = pytest.mark.anyio
API = "https://api.example"
RULE = {"path": "/orders/**", "host": "api.example.com", "audience": API, "scopes": ["notes:read"]}


async def test_a_rule_is_added_read_replaced_and_deleted_and_nobodys_change_is_lost(api):
    made = (await api.post("/rules", RULE)).json()
    assert made["scopes"] == ["notes:read"]
    path = f"/rules/{made['rule_id']}"
    assert (await api.document(path)) == made
    assert [rule["rule_id"] for rule in (await api.document("/rules"))["items"]] == [made["rule_id"]]
    assert (await api.post("/rules", RULE)).status_code == 409
    changed = RULE | {"methods": ["GET"], "redeem": True}
    assert (await api.call("PUT", path, changed)).status_code == 428
    assert (await api.call("PUT", path, changed, headers={"If-Match": '"other"'})).status_code == 412
    etag = (await api.get(path)).headers["etag"]
    replaced = await api.call("PUT", path, changed, headers={"If-Match": etag})
    assert replaced.status_code == 200, replaced.text
    assert (replaced.json()["methods"], replaced.json()["redeem"]) == (["GET"], True)
    assert (await api.delete(path)).json() == {"changed": True, "ended": 0}
    assert (await api.get(path)).status_code == 404


async def test_a_personal_token_is_made_listed_and_ended(api, site):
    body = {"user": "alice", "resource": API, "name": "nightly", "scopes": ["notes:read"], "limits": {"max_uses": 5}}
    made = (await api.post("/personal-tokens", body)).json()
    token = made["access_token"]
    assert token.startswith("adm_pat_")
    assert await site.is_active(token)
    listed = await api.document("/personal-tokens?user=alice")
    assert [each["name"] for each in listed["items"]] == ["nightly"]
    assert token not in str(listed)
    path = f"/personal-tokens/{made['personal_token']['token_id']}"
    assert (await api.delete(path)).json() == {"changed": True, "ended": 1}
    assert (await api.delete(path)).json() == {"changed": False, "ended": 0}
    assert not await site.is_active(token)
    assert (await api.post("/personal-tokens", body | {"resource": "https://nowhere.example"})).status_code == 404


async def test_a_dry_run_of_a_personal_token_shows_no_text(api):
    body = {"user": "alice", "resource": API, "name": "nightly"}
    dry = (await api.post("/personal-tokens?dry_run=true", body)).json()
    assert dry["result"]["access_token"] is None
    assert (await api.document("/personal-tokens"))["items"] == []


async def test_many_are_counted_by_a_dry_run_and_ended_without(api, site):
    token = (await site.tokens())["access_token"]
    where = {"where": "client=web and user=alice"}
    dry = (await api.post("/grants/end?dry_run=true", where)).json()
    assert dry["result"] == {"count": 1, "ended": 1}
    assert await site.is_active(token)
    assert (await api.post("/grants/end", where)).json() == {"count": 1, "ended": 1}
    assert not await site.is_active(token)
    second = (await site.tokens())["access_token"]
    assert (await api.post("/sessions/end", {"where": "user=alice"})).json()["ended"] == 2
    assert not await site.is_active(second)
    assert (await api.post("/grants/end", {"where": "colour=red"})).status_code == 422
