"""What must stand in no file: places of one machine, registries, half-done work, tests that do not run."""

import re

# Written so that this file does not contain what it forbids.
_EVERYWHERE = {
    "the path of one machine": re.compile(r"(?<![\w.$}~/-])/(?:wor[k]|roo[t]|hom[e])/"),
    "a folder outside the repository": re.compile(r"\.\./share[d]\b"),
    "the address of a package registry": re.compile(
        r"\b(?:pyp[i]\.org|pythonhoste[d]\.org|npmj[s]\.(?:org|com)|crate[s]\.io)\b"
    ),
    "a mark of half-done work": re.compile(r"\b(?:TOD[O]|FIXM[E]|XX[X])\b"),
}
_IN_TESTS = {
    "a test that does not run": re.compile(r"\bpytest\.(?:mark\.)?(?:ski[p]|skipi[f]|xfai[l]|importorski[p])\b"),
}

# Marks that stay, and why.
ALLOWED: dict[tuple[str, str], str] = {}


def problems(name: str, text: str) -> list[str]:
    """The lines of a file that hold something forbidden."""
    rules = dict(_EVERYWHERE)
    if "tests/" in name:
        rules |= _IN_TESTS
    return [
        f"{name}:{number}: {what}: {line.strip()[:100]}"
        for number, line in enumerate(text.splitlines(), 1)
        for what, pattern in rules.items()
        if pattern.search(line) and (name, what) not in ALLOWED
    ]
