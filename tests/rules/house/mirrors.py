"""Tests stand where their source stands: `domain/pkce.py` is tested by `tests/domain/test_pkce.py`.

A module's test file may carry a second word (`test_refresh_token_races.py`), and may lie one folder higher than its source.
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
ALLOWED: dict[str, str] = {}


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
    named = path.stem == f"test_{stem}" or path.stem.startswith(f"test_{stem}_")
    return named and path.suffix == ".py" and path.parent in (folder, folder.parent)
