"""docs/security/asvs.md names each rule of chapters 6 and 7 once, and tests that are there."""

import re

import pytest
from asvs_kit import ROOT

PAGE = (ROOT / "docs/security/asvs.md").read_text()
HERE = ROOT / "packages/admit-server/tests/attack"
# How many rules each section has: 5.0/en/0x15-V6-Authentication.md and 0x16-V7-Session-Management.md of OWASP/ASVS.
SECTIONS = {
    "6.1": 3, "6.2": 12, "6.3": 8, "6.4": 6, "6.5": 8, "6.6": 4, "6.7": 2, "6.8": 4,
    "7.1": 3, "7.2": 4, "7.3": 2, "7.4": 5, "7.5": 3, "7.6": 2,
}  # fmt: skip
RULES = [f"{section}.{number}" for section, rules in SECTIONS.items() for number in range(1, rules + 1)]
KEPT = {"kept", "yours", "in part", "not kept", "nothing to keep"}


def rows_of(page: str) -> list[list[str]]:
    """The rows about rules: number, word, text, tests."""
    lines = [line for line in page.splitlines() if re.match(r"\| \d", line)]
    return [[cell.strip() for cell in line.strip("|").split(" | ")] for line in lines]


def problems(page: str, *, tests: set[str]) -> list[str]:
    """What is wrong with the table."""
    rows = rows_of(page)
    numbers = [row[0] for row in rows]
    found = [] if numbers == RULES else [f"the rules are not those of the standard, each once, in order: {numbers}"]
    for number, word, text, named in rows:
        names = re.findall(r"`([^`]+)`", named)
        if word not in KEPT or not text or not names:
            found.append(f"{number} says too little")
        found += [f"{number} names {name}, which is not there" for name in names if name not in tests]
        own, section = number.replace(".", "_"), number.rpartition(".")[0].replace(".", "_")
        if not any(re.search(rf"_{own}(_|$)|::test_{section}_[a-z]", name) for name in names):
            found.append(f"no test of {number} has its number")
    return found


def all_tests() -> set[str]:
    """Every test of the suite, as the table writes it."""
    return {
        f"{path.name}::{name}"
        for path in HERE.glob("test_asvs_*.py")
        for name in re.findall(r"^(?:async )?def (test_\w+)\(", path.read_text(), re.MULTILINE)
    }


def test_the_table_names_each_rule_once_and_tests_that_are_there():
    found = problems(PAGE, tests=all_tests())
    assert not found, "\n".join(found)


def test_no_test_of_a_rule_is_left_out():
    named = set(re.findall(r"`(test_asvs_\w+\.py::test_\w+)`", PAGE))
    numbered = {name for name in all_tests() if re.search(r"::test_[67]_\d_", name)}
    assert numbered == named


@pytest.mark.parametrize(
    "change",
    [
        lambda page: page.replace("| 6.3.2 |", "| 6.3.1 |"),
        lambda page: "\n".join(line for line in page.splitlines() if not line.startswith("| 7.3.1")),
        lambda page: page.replace("test_6_1_2_", "test_6_1_9_"),
        lambda page: page.replace("| 6.1.1 | kept |", "| 6.1.1 | well |"),
        lambda page: page.replace("`test_asvs_7.py::test_7_2_2_", "`test_asvs_7.py::test_7_2_1_"),
    ],
)
def test_a_rule_that_is_twice_missing_or_without_its_test_is_seen(change):
    assert problems(change(PAGE), tests=all_tests())
