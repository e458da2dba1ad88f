"""Every code that anybody can be told has a remedy in plain words, and no remedy is for a code that nobody is told."""

import ast
import importlib
import pkgutil
from pathlib import Path

import admit.errors
import admit_server.flows
from admit_server.domain.errors import ProtocolError
from admit_server.domain.remedies import REMEDIES, remedy

SOURCES = Path(admit_server.flows.__file__).parents[1]


def family(root):
    return {root} | {one for child in root.__subclasses__() for one in family(child)}


def told() -> set[str]:
    for module in pkgutil.walk_packages(admit_server.flows.__path__, "admit_server.flows."):
        importlib.import_module(module.name)
    codes = {error.code for error in family(ProtocolError)}
    codes |= {error.code for error in family(admit.errors.AdmitError)} - {"admit_error", "missing_token"}
    codes -= {"verifier_unavailable", "verifier_misconfigured"}  # outages, no refusals
    return codes | of_tokens()


def of_tokens() -> set[str]:
    """The codes with which the server itself calls a token bad."""
    tree = ast.parse((SOURCES / "flows" / "token_status.py").read_text())
    calls = [
        node for node in ast.walk(tree) if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "BadToken"
    ]
    found = {call.args[0].value for call in calls if isinstance(call.args[0], ast.Constant)}
    return found | {"session_ended"}


def test_every_code_has_a_remedy():
    assert told() - set(REMEDIES) == set()


def test_a_remedy_says_enough_and_ends_as_a_sentence():
    for code, text in REMEDIES.items():
        assert len(text) > 30, code
        assert text.endswith((".", "?")), code
        assert "  " not in text, code


def test_an_unknown_code_leads_to_the_reference():
    assert "error-codes.md" in remedy("something_new")
