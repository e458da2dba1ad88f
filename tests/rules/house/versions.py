"""One repository, one version, one licence."""

import json
import re
import tomllib
from collections.abc import Mapping


def stated(texts: Mapping[str, str]) -> dict[str, str]:
    """Every version that the manifests state, by where it stands.

    Args:
        texts: Files by name: pyproject.toml, package.json, __init__.py, CHANGELOG.md.
    """
    found: dict[str, str] = {}
    for name, text in texts.items():
        if name.endswith("pyproject.toml"):
            project = tomllib.loads(text)["project"]
            found[name] = project["version"]
            for dependency in project["dependencies"]:
                if pinned := re.fullmatch(r"admit==(.+)", dependency):
                    found[f"{name}, its dependency admit"] = pinned[1]
        elif name.endswith("package.json"):
            found[name] = json.loads(text)["version"]
        elif name.endswith("CHANGELOG.md"):
            newest = re.search(r"^## (\d\S*)", text, re.MULTILINE)
            found[name] = newest[1] if newest else "none"
        elif version := re.search(r'^__version__ = "(.+)"$', text, re.MULTILINE):
            found[name] = version[1]
    return found


def problems(versions: Mapping[str, str]) -> list[str]:
    """Versions that are not the one of the others."""
    if len(set(versions.values())) <= 1:
        return []
    return [f"{name} says {version}" for name, version in versions.items()]


def licence_problems(licence: str, manifests: Mapping[str, str], modules: Mapping[str, str]) -> list[str]:
    """The licence's text at the root, its name in every manifest, and in files that people take out of the repository alone."""
    found = []
    if "Apache License" not in licence[:200] or "END OF TERMS AND CONDITIONS" not in licence:
        found.append("LICENSE is not the full text of the Apache License 2.0")
    for name, text in manifests.items():
        said = (
            json.loads(text).get("license") if name.endswith(".json") else tomllib.loads(text)["project"].get("license")
        )
        if said != "Apache-2.0":
            found.append(f"{name} does not say that its licence is Apache-2.0")
    found += [
        f"{name} lacks its SPDX line"
        for name, text in modules.items()
        if "SPDX-License-Identifier: Apache-2.0" not in text[:200]
    ]
    return found
