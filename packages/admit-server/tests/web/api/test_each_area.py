"""What each area does, from the address to the database."""

import pytest

from admit_server.flows.admin import tokens as admin_tokens

pytestmark = pytest.mark.anyio
API = "https://api.example"
PART = "https%3A%2F%2Fapi.example"


async def test_a_user_is_changed_and_what_the_roles_forbid_ends(api, people, site):
    helper = await people.helper("users:read")
    assert (await helper.get("/users")).status_code == 200

    changed = await api.patch("/users/helper", {"roles": ["editor"], "email": "h@example.com"})

    assert changed.status_code == 200, changed.text
    assert (changed.json()["roles"], changed.json()["email"]) == (["editor"], "h@example.com")
    assert (await helper.get("/users")).status_code == 401
    assert (await api.document("/grants?user=helper"))["items"] == []


async def test_a_change_takes_away_by_null_and_leaves_what_is_not_named(api):
    await api.post("/policies", {"name": "short", "limits": {"lifetime_s": 60}})
    first = (await api.patch("/users/alice", {"policy": "short"})).json()
    second = (await api.patch("/users/alice", {"email": None})).json()

    assert (first["policy"], first["email"]) == ("short", "alice@example.com")
    assert (second["policy"], second["email"]) == ("short", None)
    assert (await api.delete("/policies/short")).json()["code"] == "in_use"


async def test_disabling_and_deleting_somebody_ends_everything_of_theirs(api, site):
    token = (await site.tokens())["access_token"]
    assert await site.is_active(token)

    assert (await api.post("/users/alice/disable")).json()["changed"] is True
    assert not await site.is_active(token)
    assert (await api.post("/users/alice/enable")).json()["changed"] is True
    gone = await api.delete("/users/alice")

    assert gone.status_code == 200, gone.text
    assert (await api.get("/users/alice")).status_code == 404
    assert await site.rows("SELECT * FROM session") == []
    assert (await api.post("/users", {"username": "alice"})).status_code == 201


async def test_a_new_password_ends_what_the_old_one_opened(api, site):
    token = (await site.tokens())["access_token"]

    done = await api.post("/users/alice/password", {"password": "another sturdy phrase"})

    assert done.json()["ended"] >= 1
    assert not await site.is_active(token)
    assert (await site.browser().sign_in(password="another sturdy phrase")).status_code == 303


async def test_a_client_is_added_with_its_secret_changed_and_deleted(api, site):
    made = (await api.post("/clients", {"name": "Shop", "audiences": [API], "scopes": ["notes:read"]})).json()

    client = made["client"]
    assert made["client_secret"].startswith("adm_cs_")
    assert client == await api.document("/clients/Shop") == await api.document(f"/clients/{client['client_id']}")
    changed = await api.patch("/clients/Shop", {"name": "Shop 2", "scopes": ["notes:write"]})
    assert (changed.json()["name"], changed.json()["scopes"]) == ("Shop 2", ["notes:write"])
    assert (await api.patch("/clients/Shop%202", {"audiences": []})).json()["scopes"] == []
    assert (await api.delete("/clients/Shop%202")).json() == {"changed": True, "ended": 0}


async def test_both_secrets_pass_while_they_overlap_and_then_only_the_new_one(api, site):
    done = (await api.post("/clients/robot/secret", {"overlap_s": 60})).json()

    async def status(secret):
        form = {"grant_type": "client_credentials", "resource": API, "client_id": "robot", "client_secret": secret}
        return (await site.post("/token", form)).status_code

    assert [await status(site.secrets["robot"]), await status(done["client_secret"])] == [200, 200]
    site.clock.advance(60)
    assert [await status(site.secrets["robot"]), await status(done["client_secret"])] == [401, 200]


async def test_a_resource_is_added_changed_and_deleted_when_nobody_asks_for_it(api):
    made = await api.post("/resources", {"audience": "https://new.example", "scopes": {"a": "Do A"}})

    assert made.status_code == 201, made.text
    changed = await api.patch("/resources/https%3A%2F%2Fnew.example", {"scopes": {"b": "Do B"}, "format": "opaque"})
    assert (changed.json()["scopes"], changed.json()["format"]) == ({"b": "Do B"}, "opaque")
    assert (await api.delete(f"/resources/{PART}")).json()["code"] == "in_use"
    assert (await api.delete("/resources/https%3A%2F%2Fnew.example")).json()["changed"] is True


async def test_what_is_built_in_stays(api, site):
    part = f"{site.rt.issuer}/api/v1".replace(":", "%3A").replace("/", "%2F")

    assert (await api.delete(f"/resources/{part}")).json()["code"] == "not_allowed"
    assert (await api.patch(f"/resources/{part}", {"format": "jwt"})).json()["code"] == "not_allowed"
    assert (await api.delete("/roles/admin")).json()["code"] == "not_allowed"
    assert (await api.patch("/roles/admin", {"scopes": []})).json()["code"] == "not_allowed"
    assert (await api.delete("/clients/admit-admin")).json()["code"] == "not_allowed"
    assert (await api.patch("/clients/admit-admin", {"redirect_uris": []})).json()["code"] == "not_allowed"


async def test_a_policy_is_added_replaced_and_shown_with_what_applies(api):
    await api.post("/policies", {"name": "desk", "limits": {"lifetime_s": 60, "networks": [["192.0.2.0/24"]]}})
    etag = (await api.get("/policies/desk")).headers["etag"]

    replaced = await api.call("PUT", "/policies/desk", {"lifetime_s": 90}, headers={"If-Match": etag})
    assert replaced.json() == {"name": "desk", "limits": {"lifetime_s": 90}}
    await api.patch("/users/alice", {"policy": "desk"})

    found = await api.document(f"/effective-policy?user=alice&client=web&resource={PART}")
    origin = next(limit for limit in found["limits"] if limit["name"] == "lifetime_s")
    assert (origin["value"], origin["set_by"]) == (90, ["user alice (policy desk)"])


async def test_sessions_are_listed_shown_and_ended(api, site):
    token = (await site.tokens())["access_token"]
    await site.browser().sign_in(username="bob", password="another sturdy phrase")

    first = await api.document("/sessions?limit=1")
    rest = await api.document(f"/sessions?limit=1&cursor={first['next']}")
    names = {first["items"][0]["username"], rest["items"][0]["username"]}
    assert names == {"alice", "bob"}
    [alices] = (await api.document("/sessions?user=alice"))["items"]
    assert await api.document(f"/sessions/{alices['session_id']}") == alices
    assert (await api.delete(f"/sessions/{alices['session_id']}")).json() == {"changed": True, "ended": 1}
    assert not await site.is_active(token)
    assert (await api.delete("/users/bob/sessions")).json()["ended"] == 1


async def test_a_token_is_issued_inspected_and_revoked(api, site):
    asked = {"user": "alice", "client": "web", "resource": API, "scopes": ["notes:read"], "limits": {"lifetime_s": 60}}
    made = (await api.post("/tokens", asked)).json()

    assert (made["expires_in"], made["scope"]) == (60, "notes:read")
    seen = (await api.post("/tokens/inspect", {"token": made["access_token"]})).json()
    assert (seen["active"], seen["username"], seen["introspection"]["scope"]) == (True, "alice", "notes:read")
    assert (await api.post("/tokens/revoke", {"token": made["access_token"]})).json()["revoked"] is True
    assert (await api.post("/tokens/inspect", {"token": made["access_token"]})).json()["code"] == "token_revoked"
    assert (await api.post("/tokens/inspect", {"token": "nonsense"})).json()["code"] == "malformed_token"


async def test_a_grant_is_listed_shown_and_ended_with_its_tokens(api, site):
    token = (await site.tokens())["access_token"]

    [grant] = (await api.document("/grants?user=alice&client=web"))["items"]
    assert await api.document(f"/grants/{grant['grant_id']}") == grant
    assert (await api.delete(f"/grants/{grant['grant_id']}")).json()["changed"] is True
    assert not await site.is_active(token)
    assert (await api.delete(f"/grants/{grant['grant_id']}")).json()["changed"] is False


async def test_a_handle_is_revoked_and_stands_in_the_list(api, site):
    from site_kit import claims_of

    token = (await site.tokens())["access_token"]
    made = (await api.post("/revocations", {"kind": "jti", "value": claims_of(token)["jti"]})).json()

    assert not await site.is_active(token)
    assert made in (await api.document("/revocations"))["items"]
    assert (await api.document("/revocations?limit=1"))["next"] is not None


async def test_everything_ends_the_callers_token_too(api, site, people):
    token, refresh = (lambda t: (t["access_token"], t["refresh_token"]))(await site.tokens())

    done = (await api.post("/revocations/everything")).json()

    assert done["sessions"] == 1
    assert done["grants"] == 2
    assert not await site.is_active(token)
    assert (await site.refresh(refresh)).status_code == 400
    assert (await api.get("/users")).status_code == 401
    site.clock.advance(1)
    assert (await site.tokens())["access_token"]


async def test_a_refusal_is_explained(api, people):
    told = (await (await people.with_token("root", "users:read")).post("/users", {"username": "x"})).json()

    explained = await api.document(f"/denials/{told['denial_id']}")
    failed = [check for check in explained["checks"] if not check["passed"]]
    assert (failed[0]["name"], failed[0]["expected"], explained["username"]) == ("scope", "users:write", "root")
    assert explained in (await api.document("/denials"))["items"]
    assert explained in (await api.document("/denials?client=admit-admin"))["items"]


async def test_what_does_not_fit_is_explained_by_what_was_found(api):
    told = (await api.post("/users", {"username": "alice"})).json()

    failed = [check for check in (await api.document(f"/denials/{told['denial_id']}"))["checks"] if not check["passed"]]
    assert [(check["name"], check["found"]) for check in failed] == [("already_exists", told["detail"])]


async def test_the_audit_log_is_read_newest_first_and_checked(api, site):
    from admit_server.flows.audit.sealing import Sealer

    for name in ("carol", "dora"):
        await api.post("/users", {"username": name})
    await Sealer.of(site.rt).seal()

    first = await api.document("/audit?limit=1")
    second = await api.document(f"/audit?limit=1&cursor={first['next']}")
    assert [page["items"][0]["details"]["username"] for page in (first, second)] == ["dora", "carol"]
    checked = (await api.post("/audit/verify")).json()
    assert (checked["genuine"], checked["findings"]) == (True, [])
    assert checked["events"] >= 2


async def test_keys_are_listed_rotated_and_retired(api, site):
    signing = next(k for k in (await api.document("/keys"))["items"] if (k["alg"], k["state"]) == ("ES256", "active"))
    token = (await site.tokens())["access_token"]

    tried = (await api.post(f"/keys/{signing['kid']}/retire?dry_run=true")).json()
    assert tried["result"]["replaces"] == signing["kid"]
    assert await site.is_active(token)
    done = (await api.post(f"/keys/{signing['kid']}/retire")).json()

    assert done["replaces"] == signing["kid"] != done["kid"]
    assert not await site.is_active(token)
    assert signing["kid"] not in [key["kid"] for key in (await site.get("/jwks")).json()["keys"]]
    assert await site.is_active((await site.tokens())["access_token"])
    assert (await api.post(f"/keys/{signing['kid']}/retire")).json()["code"] == "not_allowed"
    assert (await api.post("/keys/nothing/retire")).status_code == 404


async def test_a_dry_run_of_a_rotation_changes_no_key(api, site):
    before = (await site.get("/jwks")).json()

    told = (await api.post("/keys/rotate?dry_run=true", {"alg": "RS256"})).json()

    assert told["result"]["alg"] == "RS256"
    assert (await site.get("/jwks")).json() == before
    assert (await api.post("/keys/rotate", {"alg": "RS256", "at_once": True})).json()["alg"] == "RS256"


async def test_settings_are_shown_with_secrets_masked_and_where_they_came_from(open_site, people):
    async with open_site(toml='[storage]\ndatabase = ""\n') as site:
        from admit_server.flows.admin import users
        from admit_server.flows.runtime import Caller

        await users.add(users.NewUser(username="chief", roles=("admin",)), rt=site.rt, caller=Caller(actor="test"))
        new = admin_tokens.NewToken(user="chief", client="admit-admin", resource=f"{site.rt.issuer}/api/v1")
        issued = await admin_tokens.issue(new, rt=site.rt, caller=Caller(actor="test"))
        headers = {"Authorization": f"Bearer {issued.tokens.access_token}"}
        shown = (await site.get("/api/v1/settings", headers=headers)).json()["items"]

    by_name = {one["name"]: one for one in shown}
    assert by_name["server.issuer"]["origin"] == "flag"
    assert by_name["tokens.lifetime_s"] == {"name": "tokens.lifetime_s", "value": "600", "origin": "default"}


async def test_every_change_stands_in_the_log_with_whoever_made_it(api, site, people):
    """What a dry run tells is what the act itself writes then."""
    root = (await api.document("/users/root"))["user_id"]
    session = (await site.tokens()) and (await api.document("/sessions"))["items"][0]["session_id"]
    acts = [
        ("POST", "/users", {"username": "carol"}),
        ("PATCH", "/users/carol", {"roles": ["editor"]}),
        ("POST", "/users/carol/password", {"password": "carols sturdy phrase"}),
        ("POST", "/users/carol/disable", None),
        ("POST", "/users/carol/enable", None),
        ("DELETE", "/users/carol", None),
        ("POST", "/policies", {"name": "short", "limits": {"lifetime_s": 60}}),
        ("PUT", "/policies/short", {"lifetime_s": 90}),
        ("DELETE", "/policies/short", None),
        ("POST", "/sign-in-rules", {"name": "far", "requires": "totp", "outside": "10.0.0.0/8"}),
        ("PUT", "/sign-in-rules/far", {"requires": "recovery_codes"}),
        ("DELETE", "/sign-in-rules/far", None),
        ("POST", "/roles", {"name": "desk", "scopes": ["a"]}),
        ("PATCH", "/roles/desk", {"scopes": ["b"]}),
        ("DELETE", "/roles/desk", None),
        ("POST", "/resources", {"audience": "https://x.example"}),
        ("PATCH", "/resources/https%3A%2F%2Fx.example", {"format": "opaque"}),
        ("DELETE", "/resources/https%3A%2F%2Fx.example", None),
        ("POST", "/clients", {"name": "Shop", "client_id": "shop"}),
        ("PATCH", "/clients/shop", {"name": "Shop 2"}),
        ("POST", "/clients/shop/secret", None),
        ("DELETE", "/clients/shop", None),
        ("POST", "/tokens", {"user": "alice", "client": "web", "resource": API}),
        ("DELETE", f"/sessions/{session}", None),
        ("POST", "/revocations", {"kind": "jti", "value": "tok_x"}),
        ("POST", "/keys/rotate", {"alg": "ES256"}),
        ("POST", "/revocations/everything", None),
    ]

    async def log():
        # Meanwhile the server makes its next keys, in its own name.
        return [event for event in await site.events() if event.actor != "server"]

    for method, path, body in acts:
        before = len(await log())
        tried = await api.call(method, f"{path}?dry_run=true", body, headers={"If-Match": "*"})
        assert tried.status_code == 200, (path, tried.text)
        assert len(await log()) == before, path

        done = await api.call(method, path, body, headers={"If-Match": "*"})

        assert done.status_code < 300, (path, done.text)
        now = await log()
        new = now[: len(now) - before]
        assert [event.action for event in reversed(new)] == [event["action"] for event in tried.json()["events"]] != []
        assert {event.actor for event in new} == {root}, path
