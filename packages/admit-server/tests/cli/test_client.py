"""`admit client`."""

API = "https://api.example.com"


def test_a_confidential_client_gets_its_secret_this_once(admit):
    added = admit(
        "client", "add", "shop", "--redirect-uri", "https://shop.example/cb", "--audience", API, "--json"
    ).json()

    assert list(added)[:2] == ["client_id", "client_secret"]
    assert added["client_secret"].startswith("adm_cs_")
    assert "client_secret" not in admit("client", "show", "shop", "--json").json()


def test_people_are_told_to_keep_the_secret(admit):
    answer = admit("client", "add", "shop", "--audience", API)

    assert "adm_cs_" in answer.out
    assert "adm_cs_" not in answer.err
    assert "never shown again" in answer.err


def test_a_public_client_has_no_secret_and_all_flags_arrive(admit):
    admit("policy", "set", "short", "--lifetime", "1m")
    added = admit(
        "client", "add", "Notes", "--client-id", "notes-web", "--public", "--first-party",
        "--redirect-uri", "https://a.example/cb https://b.example/cb", "--redirect-uri", "http://127.0.0.1:8101/",
        "--post-logout-redirect-uri", "https://a.example/", "--grant", "authorization_code",
        "--scope", "openid notes:read", "--audience", API, "--policy", "short", "--json",
    ).json()  # fmt: skip

    assert added["client_id"] == "notes-web"
    assert "client_secret" not in added
    assert (added["kind"], added["first_party"], added["policy"]) == ("public", True, "short")
    assert len(added["redirect_uris"]) == 3
    assert added["grant_types"] == ["authorization_code"]
    assert added["scopes"] == ["notes:read", "openid"]


def test_pages_get_the_built_in_policy_unless_told_otherwise(admit):
    pages = ["--public", "--redirect-uri", "https://a.example/"]
    told = admit("client", "add", "one", *pages)

    assert "--no-policy" in told.err
    assert admit("client", "show", "one", "--json").json()["policy"] == "browser"
    assert admit("client", "add", "two", *pages, "--no-policy", "--json").json()["policy"] is None
    assert admit("client", "add", "three", *pages, "--no-policy", "--policy", "browser").code == 2


def test_a_client_that_can_not_be_used_as_it_is_gets_remarks(admit):
    err = admit("client", "add", "phone", "--public").err

    assert "no redirect URI" in err
    assert "no audience" in err


def test_public_and_confidential_exclude_each_other(admit):
    answer = admit("client", "add", "x", "--public", "--confidential")

    assert answer.code == 2
    assert "choose one" in answer.err


def test_pkce_can_not_be_switched_off_for_a_public_client(admit):
    assert admit("client", "add", "x", "--public", "--pkce-not-required").code == 1
    assert admit("client", "add", "x", "--pkce-not-required", "--json").json()["pkce_required"] is False


def test_clients_are_listed_and_shown_by_name_and_id(admit):
    assert [client["name"] for client in admit("client", "list", "--json").json()] == ["service", "web"]
    assert admit("client", "show", "web", "--json").json() == admit("client", "show", "web-id", "--json").json()
    assert "web-id" in admit("client", "list").out
    assert admit("client", "show", "nothing").code == 1


def test_a_client_gets_a_policy_and_loses_it(admit):
    admit("policy", "set", "once", "--max-uses", "1")

    assert admit("client", "update", "web", "--policy", "once", "--json").json()["policy"] == "once"
    assert admit("client", "update", "web", "--no-policy", "--json").json()["policy"] is None
    assert admit("client", "update", "web").code == 2
    assert "no policy" in admit("client", "update", "web", "--policy", "nothing").err


def test_a_deleted_client_is_gone_with_all_that_it_was_granted(admit):
    token = admit("token", "issue", "--user", "alice", "--client", "web", "--resource", API).out.strip()

    deleted = admit("client", "delete", "web", "--json").json()

    assert (deleted["name"], deleted["deleted"], deleted["ended"]) == ("web", True, 1)
    assert admit("client", "show", "web").code == 1
    assert admit("token", "inspect", "--json", stdin=token).json()["active"] is False
    assert "ended 0 grants" in admit("client", "delete", "service").err


def test_a_client_is_changed_member_by_member(admit):
    changed = admit(
        "client", "update", "service", "--name", "robot", "--redirect-uri", "https://r.example/cb", "--json"
    )

    assert (changed.json()["name"], changed.json()["redirect_uris"]) == ("robot", ["https://r.example/cb"])
    assert admit("client", "update", "robot", "--no-audiences", "--json").json()["scopes"] == []


def test_a_secret_is_rotated_with_an_overlap_and_without(admit):
    first = admit("client", "rotate-secret", "service", "--overlap", "1h", "--json").json()
    second = admit("client", "rotate-secret", "service", "--json").json()

    assert first["client_secret"].startswith("adm_cs_")
    assert first["client_secret"] != second["client_secret"]
    assert first["old_secret_until"] is not None
    assert second["old_secret_until"] is None
    admit("client", "add", "spa", "--public", "--redirect-uri", "https://spa.example/cb")
    assert "no secret" in admit("client", "rotate-secret", "spa").err
    assert "at most 30 days" in admit("client", "rotate-secret", "service", "--overlap", "31d").err
