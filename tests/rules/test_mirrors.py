"""Tests mirror the sources."""

from house import mirrors, tree

MODULE = "packages/admit-server/src/admit_server/flows/token/refresh_token.py"
TESTS = "packages/admit-server/tests/flows"


def test_every_module_of_these_floors_has_its_tests():
    modules = [tree.name_of(path) for path in tree.sources()]
    tests = [
        tree.name_of(path)
        for place in ("packages/admit/tests", "packages/admit-server/tests")
        for path in tree.files(place)
    ]
    found = mirrors.problems(modules, tests, allowed=mirrors.ALLOWED)
    assert not found, "\n".join(found)


def test_a_module_without_tests_is_refused():
    assert mirrors.problems([MODULE], [f"{TESTS}/token/test_refresh.py", f"{TESTS}/refresh_token.py"], allowed={})


def test_a_test_file_in_the_same_place_or_one_folder_higher_will_do():
    for test in (
        "token/test_refresh_token.py",
        "test_refresh_token.py",
        "token/test_refresh_token_races.py",
        "token/test_codes_and_refresh_token.py",
    ):
        assert mirrors.problems([MODULE], [f"{TESTS}/{test}"], allowed={}) == []


def test_an_entry_of_the_list_that_nobody_needs_is_refused():
    assert mirrors.problems([MODULE], [f"{TESTS}/test_refresh_token.py"], allowed={MODULE: "tested by the browser"})
