"""Decision records."""

import pytest
from house import decisions, tree

GOOD = "# 1. Take tea\n\n## Context\n" + "word\n" * 10 + "## Decision\n## Consequence\n"


def test_the_records_are_numbered_and_have_their_three_headings():
    records = {path.name: tree.text_of(path) or "" for path in tree.files("docs/decisions") if path.name != "README.md"}
    assert len(records) >= 13
    assert decisions.problems(records) == []


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("0002-take-tea.md", GOOD),
        ("1-take-tea.md", GOOD),
        ("0001-take-tea.md", GOOD.replace("Consequence", "Result")),
        ("0001-take-tea.md", GOOD.replace("# 1.", "# 2.", 1)),
        ("0001-take-tea.md", GOOD + "word\n" * 40),
    ],
)
def test_a_record_out_of_form_is_refused(name, text):
    assert decisions.problems({name: text})


def test_a_record_in_form_passes():
    assert decisions.problems({"0001-take-tea.md": GOOD}) == []
