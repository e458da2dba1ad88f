"""What an administrator may give: what they have."""

from admit_server.domain.administration import ALL, API_SCOPES, Powers, api_audience


def test_the_api_is_a_resource_below_its_issuer():
    assert api_audience("https://id.example") == "https://id.example/api/v1"


def test_nothing_is_missing_of_what_one_has():
    powers = Powers(scopes=frozenset({"users:read"}), others=frozenset({"orders:write"}))

    assert powers.missing(frozenset({"users:read", "orders:write"})) == frozenset()
    assert powers.missing(frozenset({"users:write", "orders:read"})) == {"users:write", "orders:read"}


def test_scopes_of_the_api_need_the_token_even_for_who_may_give_every_other():
    powers = Powers(scopes=frozenset({"users:read"}), others=None)

    assert powers.missing(frozenset({"anything", "users:write"})) == {"users:write"}


def test_every_scope_names_an_area_and_whether_it_reads():
    assert all(scope.split(":")[1] in ("read", "write", "issue") for scope in API_SCOPES)
    assert len(ALL) == len(API_SCOPES)
