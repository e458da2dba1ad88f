"""A realm in a file: what differs is made to match, all of it or nothing, and applying it again changes nothing."""

import random

import msgspec
import pytest

from admit_server.domain.errors import AdministrationError, NotAllowed
from admit_server.flows.admin import built_in, clients, leaving, realm, resources, roles, sign_in_rules, users
from admit_server.flows.admin.applying import apply

pytestmark = pytest.mark.anyio
both_engines = pytest.mark.parametrize("database_url", ["sqlite", "postgresql"], indirect=True)

SHOP = {
    "policies": {"short": {"lifetime_s": 300}},
    "roles": {"clerk": {"scopes": ["orders:write"], "policy": "short"}},
    "resources": {
        "https://api.example": {"scopes": {"orders:read": "See", "orders:write": "Change"}, "client": "Reader"}
    },
    "clients": {
        "Shop": {
            "kind": "public",
            "redirect_uris": ["https://shop.example/cb"],
            "audiences": ["https://api.example"],
        },
        "Reader": {"grant_types": []},
    },
    "sign_in_rules": {"clerks": {"requires": "password", "client": "Shop", "role": "clerk"}},
    "users": {"alice": {"roles": ["clerk"], "policy": "short"}},
}


@pytest.fixture
def applied(rt, caller):
    async def run(document, *, prune=False, dry_run=False):
        return await apply(realm.read(document), prune=prune, dry_run=dry_run, rt=rt, caller=caller)

    return run


def told(done):
    return [(one.done, one.kind, one.name) for one in done.differences]


@both_engines
async def test_what_is_missing_is_added_and_then_nothing_is_left_to_do(rt, applied):
    first = await applied(SHOP)

    assert told(first) == [
        ("add", "policy", "short"),
        ("add", "role", "clerk"),
        ("add", "resource", "https://api.example"),
        ("add", "client", "Shop"),
        ("add", "client", "Reader"),
        ("add", "sign_in_rule", "clerks"),
        ("add", "user", "alice"),
    ]
    assert [secret.client for secret in first.secrets] == ["Reader"]
    reader = await clients.find("Reader", rt=rt)
    assert (await resources.find("https://api.example", rt=rt)).client_id == reader.id
    assert (await users.find("alice", rt=rt)).roles == ("clerk",)
    assert (await clients.find("Shop", rt=rt)).policy == "browser"
    assert told(await applied(SHOP)) == []


async def test_what_differs_is_changed_and_named(rt, applied):
    await applied(SHOP)
    changed = SHOP | {
        "policies": {"short": {"lifetime_s": 60}},
        "users": {"alice": {"policy": ""}},
        "clients": SHOP["clients"] | {"Shop": SHOP["clients"]["Shop"] | {"scopes": ["orders:read"]}},
    }

    done = await applied(changed)

    assert [(one.kind, one.changes[0]) for one in done.differences] == [
        ("policy", ("lifetime_s", 300, 60)),
        ("client", ("scopes", ("email", "openid", "orders:read", "orders:write", "profile"), ("orders:read",))),
        ("user", ("policy", "short", "")),
    ]
    assert (await users.find("alice", rt=rt)).roles == ("clerk",)


@both_engines
async def test_a_dry_run_says_the_same_and_changes_nothing(rt, applied, actions):
    tried = await applied(SHOP, dry_run=True)

    assert await actions() == []
    assert tried.secrets == ()
    assert tried.differences == (await applied(SHOP)).differences


@both_engines
async def test_a_file_that_can_not_be_applied_wholly_changes_nothing(rt, applied, actions):
    broken = SHOP | {"users": {"alice": {"policy": "nowhere"}}}

    with pytest.raises(AdministrationError, match="nowhere"):
        await applied(broken)
    assert await actions() == []


async def test_pruning_removes_what_the_file_does_not_name_of_the_kinds_that_it_has(rt, caller, applied):
    await built_in.ensure(rt)
    await applied(SHOP)
    left = {"clients": {}, "resources": {}, "roles": {}, "policies": {"other": {}}, "users": {"alice": {"policy": ""}}}
    left["sign_in_rules"] = {}

    done = await applied(left, prune=True)

    assert [one for one in told(done) if one[0] == "remove"] == [
        ("remove", "sign_in_rule", "clerks"),
        ("remove", "client", "Reader"),
        ("remove", "client", "Shop"),
        ("remove", "resource", "https://api.example"),
        ("remove", "role", "clerk"),
        ("remove", "policy", "short"),
    ]
    assert (await roles.find("admin", rt=rt)).scopes
    assert await clients.find("admit-admin", rt=rt)
    assert await users.find("alice", rt=rt)
    assert told(await applied(left, prune=True)) == []


async def test_kinds_that_the_file_does_not_have_are_left_alone(rt, applied):
    await applied(SHOP)

    assert told(await applied({"policies": SHOP["policies"]}, prune=True)) == []
    assert await clients.find("Shop", rt=rt)


@pytest.mark.parametrize(
    ("document", "words"),
    [
        ({"polices": {}}, "Did you mean 'policies'"),
        ({"client": {}}, "Did you mean 'clients'"),  # although a resource has a member of that name
        ({"clients": {"Shop": {"redirect_uri": []}}}, "Did you mean 'redirect_uris'"),
        ({"policies": {"short": {"lifetime": 60}}}, "Did you mean 'lifetime_s'"),
        ({"policies": {"short": {"lifetime_s": "5m"}}}, "lifetime_s"),
        ({"clients": {"Shop": {"client_secret": "x"}}}, "client_secret"),
        ({"users": {"alice": {"password": "x"}}}, "password"),
    ],
)
def test_an_unknown_key_is_refused_with_the_nearest(document, words):
    with pytest.raises(NotAllowed, match=words):
        realm.read(document)


@pytest.mark.parametrize(
    "document",
    [
        {"roles": {"admin": {}}},
        {"resources": {"http://127.0.0.1:8100/api/v1": {}}},
        {"clients": {"Administration by hand": {}}},
    ],
)
async def test_what_is_built_in_has_no_place_in_a_file(rt, applied, document):
    await built_in.ensure(rt)

    with pytest.raises(NotAllowed, match="built in"):
        await applied(document)


async def test_kind_and_id_of_a_client_stay(applied):
    await applied(SHOP)

    for other in ({"kind": "confidential"}, {"kind": "public", "client_id": "other"}):
        with pytest.raises(NotAllowed, match="can't be changed"):
            await applied({"clients": {"Shop": other}})


async def test_a_sign_in_rule_is_made_to_match_by_the_clients_name_or_id(rt, applied):
    await applied(SHOP)
    shop = await clients.find("Shop", rt=rt)
    assert (
        told(await applied({"sign_in_rules": {"clerks": SHOP["sign_in_rules"]["clerks"] | {"client": shop.id}}})) == []
    )
    done = await applied({"sign_in_rules": {"clerks": {"requires": "password", "role": "clerk"}}})
    assert [(one.done, one.changes) for one in done.differences] == [("change", (("client", "Shop", None),))]
    (rule,) = await sign_in_rules.every(rt=rt)
    assert (rule.client_id, rule.role) == (None, "clerk")


async def test_a_sign_in_rule_of_a_client_that_is_gone_stays_as_it_is(rt, caller, applied):
    """Read as a rule for every client, it would keep everybody out."""
    await applied(SHOP)
    shop = await clients.find("Shop", rt=rt)
    await leaving.delete_client("Shop", rt=rt, caller=caller)
    shown = msgspec.to_builtins((await realm.present(rt)).sign_in_rules)
    assert shown["clerks"]["client"] == shop.id
    assert told(await applied({"sign_in_rules": shown})) == []


@pytest.mark.parametrize(
    ("entry", "words"),
    [({}, "requires"), ({"requires": "totp"}, "not loaded"), ({"requires": "password", "rolle": "x"}, "role")],
)
async def test_a_sign_in_rule_that_can_not_be_is_refused(applied, entry, words):
    with pytest.raises(NotAllowed, match=words):
        await applied({"sign_in_rules": {"r": entry}})


def random_realm(dice: random.Random) -> dict:
    """Any realm that fits together."""

    def some(things, most=3):
        return dice.sample(sorted(things), dice.randint(0, min(most, len(things))))

    policies = {f"p{n}": {"lifetime_s": dice.randint(30, 900)} for n in range(dice.randint(0, 3))}
    policy = lambda: dice.choice([{}, *({"policy": name} for name in policies)])  # noqa: E731
    audiences = [f"https://r{n}.example" for n in range(dice.randint(1, 3))]
    found = {
        a: {"scopes": {f"s{n}": "Text" for n in range(dice.randint(0, 4))}, "format": dice.choice(["jwt", "opaque"])}
        | policy()
        for a in audiences
    }
    apps = {}
    for n in range(dice.randint(0, 4)):
        public = dice.random() < 0.5
        entry = {"kind": "public" if public else "confidential", "audiences": some(audiences)} | policy()
        entry["redirect_uris"] = some(["https://a.example/cb", "https://b.example/cb", "http://127.0.0.1/cb"])
        if dice.random() < 0.5:
            entry["scopes"] = some({s for a in entry["audiences"] for s in found[a]["scopes"]})
        if dice.random() < 0.3:
            entry["first_party"] = True
        apps[f"App {n}"] = entry
    confidential = [name for name, entry in apps.items() if entry["kind"] == "confidential"]
    for entry in found.values():
        if confidential and dice.random() < 0.5:
            entry["client"] = dice.choice(confidential)
    named = {f"role{n}": {"scopes": some(["s0", "s1", "x:y"])} | policy() for n in range(dice.randint(0, 3))}
    people = {f"u{n}": {"roles": some([*named, "word"])} | policy() for n in range(dice.randint(0, 3))}
    places = [
        {},
        {"role": "word"},
        {"resource": audiences[0]},
        {"network": "10.0.0.0/8"},
        *({"client": a} for a in apps),
    ]
    rules = {f"r{n}": {"requires": "password"} | dice.choice(places) for n in range(dice.randint(0, 3))}
    return {
        "policies": policies, "roles": named, "resources": found, "clients": apps, "sign_in_rules": rules, "users": people,
    }  # fmt: skip


@pytest.mark.parametrize("seed", range(12))
async def test_any_realm_applied_twice_changes_nothing_and_what_is_shown_is_what_is_there(rt, applied, seed):
    dice = random.Random(seed)
    for _ in range(4):
        document = random_realm(dice)
        for entry in document["users"].values():
            entry.setdefault("policy", "")
        # Somebody of an earlier round may hold a policy that goes now.
        for user in (await users.page(rt=rt)).items:
            document["users"].setdefault(user.username, {"policy": "", "roles": []})
        for name, entry in document["clients"].items():
            known = await rt.store.read.clients.by_name(name)
            if known is not None and known.kind != entry["kind"]:
                entry["kind"] = known.kind
                entry.pop("scopes", None)
                for resource in document["resources"].values():
                    if known.kind == "public" and resource.get("client") == name:
                        del resource["client"]
        tried = await applied(document, prune=True, dry_run=True)
        done = await applied(document, prune=True)

        assert tried.differences == done.differences
        assert told(await applied(document, prune=True)) == []
        shown = await realm.present(rt)
        again = msgspec.to_builtins(shown)
        assert told(await applied(again, prune=True)) == []
        assert await realm.present(rt) == shown
