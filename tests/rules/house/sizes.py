"""One rule lives in one small file: 250 lines, and where a reason stands here up to 400."""

from collections.abc import Mapping

SOFT, HARD = 250, 400

# Modules over the soft limit, and why each of them is still one idea.
ALLOWED: dict[str, str] = {
    "packages/admit-server/src/admit_server/audit_verifier.py": "a program that auditors copy as one file, standard library only",
    "packages/admit-server/src/admit_server/authenticators/conformance/rules.py": "one list of rules, each a test that says what is wrong",
    "packages/admit-server/src/admit_server/authenticators/api.py": "one interface, most of it the documentation of its values",
    "packages/admit-server/src/admit_server/flows/admin/applying.py": (
        "one order in which six kinds of things are made to match, since each refers to others"
    ),
    "packages/admit-server/src/admit_server/settings/sections.py": "the list of all settings, most of it their documentation",
    "packages/admit-server/src/admit_server/settings/loading.py": (
        "one question, where a value came from: the order of the sources, and the words for each that can't be used"
    ),
    "packages/admit-server/src/admit_server/domain/errors.py": "the list of all refusals, a class of three lines each",
    "packages/admit-server/src/admit_server/flows/issuing.py": (
        "one order of things for every grant: who lives, what is written, what is signed"
    ),
    "packages/admit-server/src/admit_server/flows/token_status.py": (
        "one question, whether a token is good now: every check in the order in which it is made"
    ),
    "packages/admit/src/admit/fastapi.py": "one object that the developer makes: dependencies, handlers, lifespan share what it knows",
    "packages/admit/src/admit/principal.py": "one object that every endpoint holds: a property for each attribute, and what is asked of it",
    "packages/admit/src/admit/starlette.py": "one object that the developer makes: decorators, middleware, lifespan share what it knows",
    "packages/admit/src/admit/verifier.py": "one object that the developer makes, most of it the documentation of what it takes",
    "packages/admit/src/admit/errors.py": "the list of all refusals, a class of three lines each",
}


def problems(lines_of: Mapping[str, int], *, allowed: Mapping[str, str]) -> list[str]:
    """Modules that are too long, and entries of the list that nobody needs any more."""
    found = [
        f"{name} has {lines} lines; {HARD} is the end: it holds two ideas"
        for name, lines in lines_of.items()
        if lines > HARD
    ]
    for name, lines in lines_of.items():
        if SOFT < lines <= HARD and not allowed.get(name, "").strip():
            found.append(f"{name} has {lines} lines, over {SOFT}: split it, or say in sizes.ALLOWED why it is one idea")
    for name in allowed:
        if lines_of.get(name, 0) <= SOFT:
            found.append(f"{name} no longer needs its entry in sizes.ALLOWED")
    return found
