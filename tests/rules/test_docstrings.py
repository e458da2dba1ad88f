"""Docstrings of everything public."""

import ast

import pytest
from house import docstrings, tree

PORTS = tree.ROOT / "packages/admit-server/src/admit_server/ports"
PROTOCOL = ast.parse('"""."""\nclass Feed(Protocol):\n    """."""\n    async def head(self) -> int: ...\n')


def test_everything_public_says_what_it_is_for():
    ports = {path.stem: tree.parsed(path) for path in PORTS.glob("*.py")}
    inherits = docstrings.protocols(ports)
    found = [
        problem
        for path in tree.sources()
        for problem in docstrings.problems(tree.name_of(path), tree.parsed(path), inherits=inherits)
    ]
    assert not found, "\n".join(found)


@pytest.mark.parametrize(
    "text",
    [
        "x = 1",
        '"""."""\ndef f(): ...',
        '"""."""\nasync def f(): ...',
        '"""."""\nclass C:\n    x = 1',
        '"""."""\nclass C:\n    """."""\n    def f(self): ...',
        '"""."""\nclass C:\n    """."""\n    @property\n    def f(self): ...',
        '"""."""\nclass C:\n    """`ports.security.Feed`."""\n    def more(self): ...',
        '"""."""\nclass C:\n    """`ports.security.Nothing`."""\n    def head(self): ...',
    ],
)
def test_something_public_without_a_docstring_is_refused(text):
    assert docstrings.problems("m.py", ast.parse(text), inherits=docstrings.protocols({"security": PROTOCOL}))


@pytest.mark.parametrize(
    "text",
    [
        "",
        '"""."""\ndef _f(): ...',
        '"""."""\nclass P(Protocol):\n    """."""\n    def f(self): ...',
        '"""."""\nclass C:\n    """`ports.security.Feed`."""\n    async def head(self): ...',
    ],
)
def test_what_is_private_or_inherited_needs_none(text):
    assert docstrings.problems("m.py", ast.parse(text), inherits=docstrings.protocols({"security": PROTOCOL})) == []
