"""Decision records: short, numbered without gaps, each with the same three headings."""

import re
from collections.abc import Mapping

HEADINGS = ("Context", "Decision", "Consequence")
SHORTEST, LONGEST = 15, 45
_NAME = re.compile(r"(\d{4})-[a-z0-9]+(?:-[a-z0-9]+)*\.md")


def problems(records: Mapping[str, str]) -> list[str]:
    """What is wrong with the records, by file name."""
    found = []
    for number, (name, text) in enumerate(sorted(records.items()), 1):
        match = _NAME.fullmatch(name)
        if match is None:
            found.append(f"{name}: a record is called NNNN-some-words.md")
            continue
        if int(match[1]) != number:
            found.append(f"{name}: the next number is {number:04}")
        if not re.match(rf"# {int(match[1])}\. \S", text):
            found.append(f"{name} begins with '# {int(match[1])}. Title'")
        headings = tuple(re.findall(r"^## (.+?)\s*$", text, re.MULTILINE))
        if headings != HEADINGS:
            found.append(f"{name} has the headings {headings}; they are {HEADINGS}")
        lines = len(text.splitlines())
        if not SHORTEST <= lines <= LONGEST:
            found.append(f"{name} has {lines} lines; a record has {SHORTEST} to {LONGEST}")
    return found
