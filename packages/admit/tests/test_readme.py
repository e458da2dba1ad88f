"""The examples of the README run as they stand."""

import re
from pathlib import Path

import pytest

README = Path(__file__).parent.parent / "README.md"
BLOCKS = dict(
    re.findall(r"## ([^\n]+)\n(?:(?!\n## ).)*?```python\n(.*?)```", README.read_text(encoding="utf-8"), re.DOTALL)
)


def test_the_readme_has_its_examples():
    assert set(BLOCKS) == {"Verify", "FastAPI", "One service, one secret, no server", "Test your own code"}


@pytest.mark.parametrize("title", ["FastAPI", "One service, one secret, no server"])
def test_an_example_runs(title):
    exec(compile(BLOCKS[title], str(README), "exec"), {"__name__": "example"})


def test_the_example_of_tests_fits_the_example_of_fastapi():
    from fastapi.testclient import TestClient

    names = {"__name__": "example"}
    exec(compile(BLOCKS["FastAPI"], str(README), "exec"), names)
    with TestClient(names["app"]) as client:
        answers = []
        names["client"] = type("Recording", (), {"get": lambda _, *a, **k: answers.append(client.get(*a, **k))})()
        exec(compile(BLOCKS["Test your own code"], str(README), "exec"), names)

    assert [answer.status_code for answer in answers] == [200, 401]


def test_every_refusal_is_listed():
    from admit import AdmitError, errors

    text = README.read_text(encoding="utf-8")
    for name, value in vars(errors).items():
        if isinstance(value, type) and issubclass(value, AdmitError):
            assert f"`{name}`" in text
