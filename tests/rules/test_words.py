"""What must stand in no file."""

import pytest
from house import tree, words


def test_no_file_names_a_machine_a_registry_or_half_done_work():
    found = [
        problem
        for path in tree.files()
        if (text := tree.text_of(path)) is not None
        for problem in words.problems(tree.name_of(path), text)
    ]
    assert not found, "\n".join(found)


@pytest.mark.parametrize(
    "line",
    [
        "cd /wor" + "k/main",
        '"/hom' + 'e/somebody/admit"',
        "see ../shar" + "ed/design",
        "https://pyp" + "i.org/simple",
        "https://registry.npmj" + "s.org/",
        "# TO" + "DO: later",
        "# FIX" + "ME",
    ],
)
def test_a_file_that_does_is_refused(line):
    assert words.problems("docs/page.md", f"first\n{line}\n")[0].startswith("docs/page.md:2: ")


@pytest.mark.parametrize(
    "mark", ["mark.ski" + "p", "mark.skipi" + "f(True)", "mark.xfai" + "l", "ski" + "p('why')", "importorski" + "p"]
)
def test_a_test_that_does_not_run_is_refused(mark):
    assert words.problems("tests/test_x.py", f"@pytest.{mark}")


def test_addresses_and_words_that_only_look_alike_are_fine():
    text = "https://id.example.com/home/ ~/work/ $HOME/x TODOs network/work/"
    assert words.problems("docs/page.md", text) == []


def test_every_exception_gives_its_reason_and_is_needed():
    for (name, what), reason in words.ALLOWED.items():
        text = tree.text_of(tree.ROOT / name) or ""
        assert reason.strip()
        assert any(
            pattern.search(text) for rule, pattern in {**words._EVERYWHERE, **words._IN_TESTS}.items() if rule == what
        )
