"""The reference says what the code says: settings, commands, routes, error codes, audit actions."""

import ast

import pytest
from house import events, reference, tree

REFERENCE = {path.name: tree.text_of(path) or "" for path in tree.files("docs/reference") if path.suffix == ".md"}
FLOWS = "packages/admit-server/src/admit_server"


@pytest.mark.parametrize("part", reference.PARTS)
def test_each_part_written_from_the_code_stands_on_one_page_and_is_fresh(part):
    holders = [name for name, text in REFERENCE.items() if part in reference.parts_of(text)]
    assert len(holders) == 1, f"the part {part} stands on {holders}"
    found = reference.problems(holders[0], REFERENCE[holders[0]])
    assert not found, "\n".join(found)


def test_a_stale_part_is_refused_and_can_be_rewritten():
    stale = "# Routes\n\n<!-- written from the code: routes -->\nold\n<!-- end of routes -->\n"
    assert reference.problems("http.md", stale)
    assert reference.problems("http.md", reference.rewritten(stale)) == []


def test_every_setting_is_documented():
    from admit_server.settings import Settings

    for section, field in Settings.model_fields.items():
        for key, info in type(field.default).model_fields.items():
            assert f"| `{key}` |" in REFERENCE["settings.md"]
            assert f"ADMIT_{section}__{key}".upper() in REFERENCE["settings.md"]
            assert info.description, f"{section}.{key} has no description"


def test_every_command_is_documented():
    for name in reference.command_names():
        assert f"`admit {name}" in REFERENCE["cli.md"], f"admit {name} is not documented"


def test_every_route_is_documented_in_words_too():
    from admit_server.web.routes import ROUTES

    page = REFERENCE["http.md"]
    explained = page.replace(reference.routes(), "")
    for path in ROUTES:
        assert f"`{path}`" in explained, f"{path} stands in no paragraph"


def test_every_audit_action_is_explained():
    trees = [tree.parsed(path) for path in tree.files(FLOWS) if path.suffix == ".py"]
    found = events.problems(events.written(trees), events.explained(REFERENCE["audit-events.md"]))
    assert not found, "\n".join(found)


def test_an_action_that_is_not_explained_or_not_written_is_refused():
    written = events.written([ast.parse("rt.event('user.added', user.id)")])
    assert events.problems(written, events.explained("| `user.gone` | x |\n")) == [
        "the action user.added is not explained",
        "the action user.gone is explained and never written",
    ]


def test_an_action_that_is_put_together_is_refused():
    with pytest.raises(ValueError, match="written out"):
        events.written([ast.parse("rt.event(f'user.{what}', user.id)")])


def test_every_code_that_a_token_can_be_refused_with_is_documented():
    """The words of `admit token inspect` and of the server's own judgement."""
    judged = tree.parsed(tree.ROOT / FLOWS / "flows/token_status.py")
    said = [
        node.args for node in ast.walk(judged) if isinstance(node, ast.Call) and ast.unparse(node.func) == "BadToken"
    ]
    said += [[node.value] for node in ast.walk(judged) if isinstance(node, ast.Return) and node.value is not None]
    codes = {
        one.value for each in said for one in each[:1] if isinstance(one, ast.Constant) and isinstance(one.value, str)
    }
    assert codes >= {"token_expired", "token_revoked", "session_ended"}
    for code in codes:
        assert f"`{code}`" in REFERENCE["error-codes.md"], code


def test_what_is_checked_of_a_token_is_explained_in_its_order():
    from admit import Attempt, TokenRejected
    from admit.testing import TestIssuer

    page = tree.text_of(tree.ROOT / "docs/explanation/what-is-checked.md") or ""
    explained = [line.split("|")[1].strip() for line in page.splitlines() if line.startswith("| ")][2:]
    tokens = TestIssuer()
    last = tokens.token(claims={"cnf": {"jkt": "x"}, "limits": {"actions": [["GET /x"]]}, "session_id": "s"})
    with pytest.raises(TokenRejected) as caught:
        tokens.verifier().verify(last, Attempt(method="GET", path="/x"))
    assert [each.name for each in caught.value.checks] == explained
