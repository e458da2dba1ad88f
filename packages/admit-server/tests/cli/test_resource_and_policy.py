"""`admit resource` and `admit policy`."""

import pytest

API = "https://api.example.com"


def test_a_resource_keeps_its_scopes_and_their_texts(admit):
    added = admit(
        "resource", "add", "https://files.example", "--scope", "read=Read files", "--scope", "write delete",
        "--format", "opaque", "--client-id", "service", "--json",
    ).json()  # fmt: skip

    assert added["scopes"] == {"read": "Read files", "write": "write", "delete": "delete"}
    assert added["format"] == "opaque"
    assert added["client_id"].startswith("cli_")
    assert admit("resource", "show", "https://files.example", "--json").json() == added


def test_resources_are_listed(admit):
    assert [r["audience"] for r in admit("resource", "list", "--json").json()] == [API]
    assert "notes:read notes:write" in admit("resource", "list").out
    assert "Read notes" in admit("resource", "show", API).out


def test_a_resource_says_that_it_uses_the_library_which_enforces_limits(admit):
    made = admit("resource", "add", "https://x.example", "--verifier", "admit", "--json").json()

    assert made["verifier"] == "admit"
    assert admit("resource", "add", "https://y.example", "--verifier", "other").code == 2
    assert "--client-id" in admit("resource", "add", "https://z.example", "--verifier", "admit").err


def test_a_resource_that_can_not_ask_about_what_it_lets_people_make_is_told_so(admit):
    assert "--client-id" in admit("resource", "add", "https://x.example", "--personal-tokens").err
    payment = "payment=POST /payments|Pay {amount}"
    assert "--client-id" in admit("resource", "add", "https://y.example", "--transaction", payment).err
    assert "--client-id" not in admit("resource", "add", "https://z.example").err


def test_policy_format_and_verifier_of_a_resource_change_alone(admit):
    admit("policy", "set", "once", "--max-uses", "1")

    def update(*words):
        changed = admit("resource", "update", API, *words, "--json").json()
        return changed["policy"], changed["format"], changed["verifier"]

    assert update("--policy", "once") == ("once", "jwt", None)
    assert update("--verifier", "admit") == ("once", "jwt", "admit")
    assert update("--format", "opaque", "--no-policy") == (None, "opaque", "admit")
    assert update("--verifier", "none") == (None, "opaque", None)
    for words in ([], ["--policy", "once", "--no-policy"], ["--format", "xml"], ["--verifier", "x"]):
        assert admit("resource", "update", API, *words).code == 2
    assert "no policy" in admit("resource", "update", API, "--policy", "nothing").err


def test_a_wrong_format_or_audience_says_what_is_right(admit):
    assert "neither jwt nor opaque" in admit("resource", "add", "x", "--format", "xml").err
    assert "name without spaces" in admit("resource", "add", "two words").err
    assert "admit resource add" in admit("resource", "show", "nothing").err


BUILT_IN = {"name": "browser", "lifetime_s": 600, "end_with_session": True, "lease_s": 180}


def test_a_policy_is_set_shown_and_listed(admit):
    made = admit("policy", "set", "pages", "--lifetime", "5m", "--refresh-idle", "1h", "--end-with-session")

    assert made.code == 0
    assert "Made the policy pages" in made.err
    wanted = {"name": "pages", "lifetime_s": 300, "end_with_session": True, "refresh_idle_s": 3600}
    assert admit("policy", "show", "pages", "--json").json() == wanted
    assert admit("policy", "list", "--json").json() == [BUILT_IN, wanted]
    assert "5m" in admit("policy", "list").out
    assert "Changed" in admit("policy", "set", "pages", "--lifetime", "1m").err


def test_a_limit_out_of_bounds_or_unreadable_is_refused(admit):
    assert admit("policy", "set", "p", "--lifetime", "5s").code == 1
    assert "30..86400" in admit("policy", "set", "p", "--lifetime", "5s").err
    assert admit("policy", "set", "p", "--lifetime", "soon").code == 2
    assert admit("policy", "list", "--json").json() == [BUILT_IN]


ALL = [
    "--lifetime", "15m", "--idle-timeout", "5m", "--max-uses", "3", "--end-with-session", "--action", "GET /orders/*",
    "--action", "orders.refund", "--network", "10.0.0.0/8 192.0.2.0/24", "--hours", "mon-fri 08:00-18:00 Europe/Berlin",
    "--format", "opaque", "--refresh-lifetime", "30d", "--refresh-idle", "1d", "--refresh-reuse-window", "10s",
    "--lease", "60s",
]  # fmt: skip


def test_every_limit_is_set_stored_and_shown(admit):
    wanted = {
        "name": "all",
        "lifetime_s": 900,
        "idle_timeout_s": 300,
        "max_uses": 3,
        "end_with_session": True,
        "actions": [["GET /orders/*", "orders.refund"]],
        "networks": [["10.0.0.0/8", "192.0.2.0/24"]],
        "hours": [["mon-fri 08:00-18:00 Europe/Berlin"]],
        "format": "opaque",
        "refresh_lifetime_s": 30 * 86_400,
        "refresh_idle_s": 86_400,
        "refresh_reuse_window_s": 10,
        "lease_s": 60,
    }
    assert admit("policy", "set", "all", *ALL, "--json").json() == wanted
    assert admit("policy", "show", "all", "--json").json() == wanted
    for text in ("15m", "GET /orders/* or orders.refund", "mon-fri 08:00-18:00 Europe/Berlin", "opaque"):
        assert text in admit("policy", "show", "all").out
        assert text in admit("policy", "list").out


@pytest.mark.parametrize(
    "words",
    [
        ["--binding", "dpop"],
        ["--acr", "2fa"],
        ["--max-auth-age", "10m"],
        ["--max-sessions", "3"],
        ["--deny-new-session"],
    ],
)
def test_every_limit_of_the_model_can_be_set_and_is_shown(admit, words):
    assert admit("policy", "set", "p", *words).code == 0

    (shown,) = [each for each in admit("policy", "list", "--json").json() if each["name"] == "p"]
    field = words[0].removeprefix("--").replace("-", "_") + ("_s" if words[0] == "--max-auth-age" else "")
    assert set(shown) == {"name", field}


@pytest.mark.parametrize(
    ("words", "hint"),
    [
        (["--action", "GET orders"], "is not an action"),
        (["--network", "10.0.0.1/8"], "host bits"),
        (["--hours", "always"], "is not a time window"),
        (["--hours", "mon 08:00-18:00 Mars/Olympus"], "not a time zone"),
        (["--max-uses", "0"], "1..1000000"),
        (["--idle-timeout", "1s"], "10..86400"),
        (["--acr", "strong"], "acr must be one of"),
        (["--binding", "tls"], "dpop or mtls"),
    ],
)
def test_a_limit_that_is_written_wrongly_says_how_it_is_written(admit, words, hint):
    answer = admit("policy", "set", "p", *words)

    assert answer.code == 1
    assert hint in answer.err


def test_a_policy_can_only_force_opaque(admit):
    assert admit("policy", "set", "p", "--format", "jwt").code == 2


def test_the_effective_policy_names_who_won(admit):
    admit("policy", "set", "short", "--lifetime", "1m")
    admit("policy", "set", "once", "--max-uses", "1", "--lifetime", "5m")
    admit("client", "update", "web", "--policy", "short")
    admit("role", "add", "editor", "--policy", "once")

    document = admit("policy", "effective", "--user", "alice", "--client", "web", "--resource", API, "--json").json()
    set_by = {limit["name"]: (limit["value"], limit["set_by"]) for limit in document["limits"]}
    assert set_by["lifetime_s"] == (60, ["client web (policy short)"])
    assert set_by["max_uses"] == (1, ["role editor (policy once)"])
    assert document["format"] == "opaque"
    assert document["rules"] == ["server", "client web (policy short)", "role editor (policy once)"]
    shown = admit("policy", "effective", "--user", "alice", "--client", "web").out
    assert "role editor (policy once)" in shown
    assert admit("policy", "effective", "--user", "nobody").code == 1
    assert admit("policy", "effective", "--json").json()["rules"] == ["server"]


def test_a_policy_is_deleted_when_nothing_refers_to_it(admit):
    admit("policy", "set", "once", "--max-uses", "1")
    admit("user", "update", "alice", "--policy", "once")

    refused = admit("policy", "delete", "once")
    assert refused.code == 1
    assert "in use by user alice" in refused.err
    assert admit("user", "show", "alice", "--json").json()["policy"] == "once"
    assert admit("user", "update", "alice", "--no-policy", "--json").json()["policy"] is None
    assert admit("policy", "delete", "once", "--json").json() == {"name": "once", "deleted": True}
    assert admit("policy", "delete", "once").code == 1


def test_a_resource_is_changed_and_deleted_once_nobody_asks_for_it(admit):
    admit("resource", "add", "https://z.example", "--scope", "a=Do A")

    changed = admit("resource", "update", "https://z.example", "--scope", "b=Do B", "--json").json()
    assert changed["scopes"] == {"b": "Do B"}
    assert "may ask for tokens" in admit("resource", "delete", API).err
    assert admit("resource", "delete", "https://z.example", "--json").json()["deleted"] is True
    assert admit("resource", "show", "https://z.example").code == 1
