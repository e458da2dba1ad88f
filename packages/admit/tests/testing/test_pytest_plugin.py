"""The plugin, as pytest finds it: by the entry point of the installed library, in a project of somebody else."""

import subprocess
import sys

import pytest

APP = """
from admit.fastapi import Principal, TokenAuth
from fastapi import FastAPI
from typing import Annotated

auth = TokenAuth(issuer="https://id.example.com", audience="https://api.example.com", scopes={"items:read": "Read items"})
app = FastAPI()
auth.install(app)

@app.get("/items")
async def items(who: Annotated[Principal, auth.require("items:read")]) -> str:
    return who.subject

@app.get("/open")
async def open_to_all() -> str:
    return "all of it"
"""
TESTS = """
import pytest
from app import app, auth
from fastapi.testclient import TestClient

client = TestClient(app)

@pytest.fixture(autouse=True)
def tokens(admit_tokens):
    return admit_tokens.protects(auth)

def test_a_reader_may_read(tokens):
    assert client.get("/items", headers=tokens.bearer("alice", scopes="items:read")).json() == "alice"
    assert client.get("/items", headers=tokens.revoked(scopes="items:read")).status_code == 401

def test_items_are_protected(assert_protected):
    assert len(assert_protected(client, "GET", "/items", scopes=["items:read"])) > 20

def test_open_is_protected(assert_protected):
    assert_protected(client, "GET", "/open")
"""
QUIET = """
import sys

def test_nothing_was_imported():
    assert "pytest_admit" in sys.modules
    assert not [name for name in sys.modules if name.split(".")[0] in ("admit", "cryptography")]
"""


def pytest_in(folder, **files):
    for name, text in files.items():
        (folder / f"{name}.py").write_text(text)
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
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=60)


def test_an_application_made_at_import_is_tested_by_two_fixtures(tmp_path):
    done = pytest_in(tmp_path, app=APP, test_app=TESTS)

    assert "GET /open is open: it answers everybody" in done.stdout
    assert "1 failed, 2 passed" in done.stdout


def test_whoever_does_not_use_it_imports_nothing(tmp_path):
    done = pytest_in(tmp_path, test_quiet=QUIET)

    assert "1 passed" in done.stdout, done.stdout


def test_everything_is_restored_behind_the_test(admit_tokens):
    from admit import Verifier

    verifier = Verifier(issuer="https://id.example", audience="https://api.example")
    admit_tokens.protects(verifier)
    assert "verify" in vars(verifier)

    admit_tokens.restore()

    assert "verify" not in vars(verifier)
    with pytest.raises(LookupError):
        admit_tokens._now_in_charge()
