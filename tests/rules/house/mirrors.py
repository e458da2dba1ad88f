"""Tests stand where their source stands: `domain/pkce.py` is tested by `tests/domain/test_pkce.py`.

A module's test file may carry further words (`test_refresh_token_races.py`), may serve two modules (`test_resources_and_policies.py`),
and may lie one folder higher than its source.
"""

from collections.abc import Iterable, Mapping
from pathlib import PurePosixPath

# Where the rule holds.
MIRRORED = {
    "packages/admit/src/admit/jose": "packages/admit/tests/jose",
    "packages/admit-server/src/admit_server/domain": "packages/admit-server/tests/domain",
    "packages/admit-server/src/admit_server/tokens": "packages/admit-server/tests/tokens",
    "packages/admit-server/src/admit_server/flows": "packages/admit-server/tests/flows",
}

# Modules without a test file of their own, and what tests them instead.
ALLOWED: dict[str, str] = {
    "packages/admit-server/src/admit_server/flows/replayed_life.py": (
        "half of replay.py, apart for its length; test_replay.py and test_simulate.py compare both with the server itself"
    ),
    "packages/admit-server/src/admit_server/flows/admin/simulated_cases.py": (
        "what simulate.py reads, apart for its length; test_simulate.py goes through it"
    ),
    "packages/admit-server/src/admit_server/flows/admin/simulation.py": "the values of simulate.py, without a decision of their own",
    "packages/admit-server/src/admit_server/flows/admin/client_rules.py": (
        "the rules of clients.py, apart for their length; test_clients.py goes through each"
    ),
    "packages/admit-server/src/admit_server/flows/admin/resource_rules.py": (
        "the rules of resources.py, apart for their length; test_resources_and_policies.py and test_transactions.py go through each"
    ),
    "packages/admit-server/src/admit_server/flows/admin/realm.py": (
        "the form of the file; test_applying.py reads, applies and shows realms of every shape"
    ),
    "packages/admit-server/src/admit_server/flows/admin/paging.py": (
        "two values without a decision of their own; test_users.py and test_resources_and_policies.py walk through their pages"
    ),
}


def problems(modules: Iterable[str], tests: Iterable[str], *, allowed: Mapping[str, str]) -> list[str]:
    """Modules without a test file, and entries of the list that nobody needs any more."""
    tests, found, missing = set(tests), [], set()
    for module in modules:
        for source, place in MIRRORED.items():
            path = PurePosixPath(module)
            if not path.is_relative_to(source) or path.name == "__init__.py":
                continue
            folder = PurePosixPath(place) / path.relative_to(source).parent
            if not any(_tests(path.stem, test, folder) for test in tests):
                missing.add(module)
                if not allowed.get(module, "").strip():
                    found.append(
                        f"{module} has no {folder}/test_{path.stem}.py; write it, or say in mirrors.ALLOWED what tests it"
                    )
    found += [f"{module} no longer needs its entry in mirrors.ALLOWED" for module in allowed if module not in missing]
    return found


def _tests(stem: str, test: str, folder: PurePosixPath) -> bool:
    path = PurePosixPath(test)
    name = path.stem.removeprefix("test_")
    named = path.stem != name and (name == stem or name.startswith(f"{stem}_") or stem in name.split("_and_"))
    return named and path.suffix == ".py" and path.parent in (folder, folder.parent)
