"""`admit resource` and `admit policy`."""

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


def test_what_is_not_in_this_version_is_refused_with_a_reason(admit):
    answer = admit("resource", "add", "https://x.example", "--verifier", "admit")

    assert answer.code == 1
    assert "not in this version" in answer.err


def test_a_wrong_format_or_audience_says_what_is_right(admit):
    assert "neither jwt nor opaque" in admit("resource", "add", "x", "--format", "xml").err
    assert "name without spaces" in admit("resource", "add", "two words").err
    assert "admit resource add" in admit("resource", "show", "nothing").err


def test_a_policy_is_set_shown_and_listed(admit):
    made = admit("policy", "set", "browser", "--lifetime", "5m", "--refresh-idle", "1h", "--end-with-session")

    assert made.code == 0
    assert "Made the policy browser" in made.err
    wanted = {"name": "browser", "lifetime_s": 300, "end_with_session": True, "refresh_idle_s": 3600}
    assert admit("policy", "show", "browser", "--json").json() == wanted
    assert admit("policy", "list", "--json").json() == [wanted]
    assert "5m" in admit("policy", "list").out
    assert "Changed" in admit("policy", "set", "browser", "--lifetime", "1m").err


def test_a_limit_out_of_bounds_or_unreadable_is_refused(admit):
    assert admit("policy", "set", "p", "--lifetime", "5s").code == 1
    assert "30..86400" in admit("policy", "set", "p", "--lifetime", "5s").err
    assert admit("policy", "set", "p", "--lifetime", "soon").code == 2
    assert admit("policy", "list", "--json").json() == []
