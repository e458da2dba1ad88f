"""Every public module, class, function and method says what it is for, so that its reader needs not guess.

Methods of a Protocol may leave it out where name and types say all; a class whose docstring names the Protocol that it implements
(as "`ports.security.Feed`.") inherits what is written there, and may have no public method of its own beside it.
"""

import ast
import re
from collections.abc import Mapping

_IMPLEMENTS = re.compile(r"`ports\.(?P<module>\w+)\.(?P<name>\w+)`")
_Function = ast.FunctionDef | ast.AsyncFunctionDef


def protocols(ports: Mapping[str, ast.Module]) -> dict[str, set[str]]:
    """The methods of each Protocol, by "module.Class"."""
    return {
        f"{module}.{node.name}": {part.name for part in node.body if isinstance(part, _Function)}
        for module, tree in ports.items()
        for node in tree.body
        if isinstance(node, ast.ClassDef) and _is_protocol(node)
    }


def problems(name: str, tree: ast.Module, *, inherits: Mapping[str, set[str]]) -> list[str]:
    """What lacks its docstring in one module."""
    found = [] if ast.get_docstring(tree) or not tree.body else [f"{name}: the module has no docstring"]
    for node in tree.body:
        if isinstance(node, _Function) and _needs_one(node):
            found.append(f"{name}:{node.lineno}: {node.name} has no docstring")
        elif isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
            found += _of_class(name, node, inherits)
    return found


def _of_class(name: str, node: ast.ClassDef, inherits: Mapping[str, set[str]]) -> list[str]:
    text = ast.get_docstring(node)
    if text is None:
        return [f"{name}:{node.lineno}: {node.name} has no docstring"]
    if _is_protocol(node):
        return []
    inherited: set[str] = set()
    if named := _IMPLEMENTS.search(text):
        protocol = f"{named['module']}.{named['name']}"
        if protocol not in inherits:
            return [f"{name}:{node.lineno}: {node.name} names the Protocol {protocol}, which is not in ports"]
        inherited = inherits[protocol]
    return [
        f"{name}:{part.lineno}: {node.name}.{part.name} has no docstring"
        for part in node.body
        if isinstance(part, _Function) and part.name not in inherited and _needs_one(part)
    ]


def _needs_one(node: _Function) -> bool:
    overload = any(ast.unparse(decorator).endswith("overload") for decorator in node.decorator_list)
    return not node.name.startswith("_") and ast.get_docstring(node) is None and not overload


def _is_protocol(node: ast.ClassDef) -> bool:
    return any(ast.unparse(parent).split("[")[0].endswith("Protocol") for parent in node.bases)
