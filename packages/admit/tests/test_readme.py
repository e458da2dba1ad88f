"""The examples of the README run as they stand."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

README = Path(__file__).parent.parent / "README.md"
BLOCKS = dict(
    re.findall(r"## ([^\n]+)\n(?:(?!\n## ).)*?```python\n(.*?)```", README.read_text(encoding="utf-8"), re.DOTALL)
)


def test_the_readme_has_its_examples():
    assert set(BLOCKS) == {
        "Verify",
        "FastAPI",
        "Starlette",
        "Any ASGI application",
        "One service, one secret, no server",
        "Who signed in",
        "Encrypted tokens",
        "Test your own code",
    }


@pytest.mark.parametrize(
    "title",
    [
        "FastAPI",
        "Starlette",
        "Any ASGI application",
        "One service, one secret, no server",
        "Who signed in",
        "Encrypted tokens",
    ],
)
def test_an_example_runs(title):
    exec(compile(BLOCKS[title], str(README), "exec"), {"__name__": "example"})


@pytest.mark.parametrize("framework", ["FastAPI", "Starlette"])
def test_the_example_of_tests_fits_the_examples_of_frameworks(framework, tmp_path):
    (tmp_path / "test_items.py").write_text(BLOCKS[framework] + BLOCKS["Test your own code"])

    command = [
        sys.executable,
        "-m",
        "pytest",
        "-q",
        "-p",
        "no:cacheprovider",
        "-p",
        "no:xdist",
        "-p",
        "no:schemathesis",
    ]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=60)

    assert "1 passed" in done.stdout, done.stdout


def test_every_refusal_is_listed():
    from admit import AdmitError, errors

    text = README.read_text(encoding="utf-8")
    for name, value in vars(errors).items():
        if isinstance(value, type) and issubclass(value, AdmitError):
            assert f"`{name}`" in text
