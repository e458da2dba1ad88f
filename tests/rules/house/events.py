"""Every audit action that the flows write is explained in the reference, and nothing else is."""

import ast
import re
from collections.abc import Iterable


def written(trees: Iterable[ast.Module]) -> set[str]:
    """The actions that the code writes: the first argument of each `rt.event(...)`.

    Raises:
        ValueError: An action is not written out, so nobody can look for it.
    """
    found: set[str] = set()
    for module in trees:
        for node in ast.walk(module):
            if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "event"):
                continue
            action = node.args[0] if node.args else None
            if not (isinstance(action, ast.Constant) and isinstance(action.value, str)):
                raise ValueError(f"line {node.lineno}: the action of an event is written out, as a text")
            found.add(action.value)
    return found


def explained(page: str) -> set[str]:
    """The actions that have a row in the page's tables."""
    return set(re.findall(r"^\| `([a-z_]+\.[a-z_]+)` \|", page, re.MULTILINE))


def problems(written: set[str], explained: set[str]) -> list[str]:
    """The difference."""
    return [f"the action {one} is not explained" for one in sorted(written - explained)] + [
        f"the action {one} is explained and never written" for one in sorted(explained - written)
    ]
