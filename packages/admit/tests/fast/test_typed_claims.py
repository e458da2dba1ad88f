"""Claims as a TypedDict, a dataclass, a msgspec Struct. Needs `admit[fast]`, so the tests of the bare library leave this folder out."""

import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import NotRequired, TypedDict

import msgspec
import pytest

from admit import Issuer, MalformedToken, Verifier

ID, API, SECRET = "https://id.test", "https://api.test", b"k" * 32


class AsDict(TypedDict):
    tenant: str
    roles: NotRequired[list[str]]


@dataclass
class AsDataclass:
    tenant: str
    roles: list[str] = field(default_factory=list)


class AsStruct(msgspec.Struct):
    tenant: str
    roles: list[str] = []


def verify(kind, **claims):
    verifier = Verifier(issuer=ID, audience=API, keys=SECRET, claims=kind)
    return verifier.verify(Issuer(issuer=ID, key=SECRET).issue(subject="alice", audience=API, claims=claims))


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        (AsDict, {"tenant": "acme", "roles": ["a"]}),
        (AsDataclass, AsDataclass("acme", ["a"])),
        (AsStruct, AsStruct("acme", ["a"])),
    ],
)
def test_the_claims_become_what_the_application_named(kind, expected):
    who = verify(kind, tenant="acme", roles=["a"], more=1)

    assert who.claims == expected
    assert (who.subject, who.client_id) == ("alice", ID)


@pytest.mark.parametrize("kind", [AsDict, AsDataclass, AsStruct])
@pytest.mark.parametrize(
    ("claims", "message"),
    [({}, "tenant"), ({"tenant": 5}, "Expected `str`, got `int`"), ({"tenant": "a", "roles": "b"}, "roles")],
)
def test_a_token_that_lacks_one_or_has_it_of_another_type_is_refused(kind, claims, message):
    with pytest.raises(MalformedToken, match=message):
        verify(kind, **claims)


def test_the_example_runs():
    example = Path(__file__).parents[4] / "examples" / "typed_claims.py"
    done = subprocess.run([sys.executable, example], capture_output=True, text=True, timeout=60, check=True)

    assert "alice of acme is buyer" in done.stdout
    assert "refused: the claims do not fit" in done.stdout
