"""What a module imports of the server."""

import ast
import importlib.util
import inspect
from types import ModuleType


def foreign_imports(module: ModuleType) -> list[str]:
    """Modules of the server that are not the interface, nor of the authenticator's own package."""
    return [name for name in _imports(module) if name.startswith("admit_server") and not _allowed(name, module)]


def _imports(module: ModuleType) -> list[str]:
    found = []
    for node in ast.walk(ast.parse(inspect.getsource(module))):
        if isinstance(node, ast.Import):
            found += [each.name for each in node.names]
        elif isinstance(node, ast.ImportFrom):
            relative = "." * node.level + (node.module or "")
            found.append(importlib.util.resolve_name(relative, module.__package__) if node.level else relative)
    return found


def _allowed(name: str, module: ModuleType) -> bool:
    own = module.__package__ if module.__package__ != "admit_server.authenticators" else module.__name__
    return name in ("admit_server.authenticators.api", own) or name.startswith(f"{own}.")
