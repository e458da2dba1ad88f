"""The tests of passkeys share an authenticator in software, and a way to ask and judge."""

import importlib.util
import sys
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from admit_server.authenticators.api import Challenge, Context, Enrolled, StoredCredential, Subject, Verified
from admit_server.authenticators.passkey import PasskeyAuthenticator


def _load(path: Path) -> ModuleType:
    if path.stem not in sys.modules:
        spec = importlib.util.spec_from_file_location(path.stem, path)
        assert spec is not None
        assert spec.loader is not None
        module = importlib.util.module_from_spec(spec)
        sys.modules[path.stem] = module
        spec.loader.exec_module(module)
    return sys.modules[path.stem]


soft: Any = _load(Path(__file__).with_name("soft_authenticator.py"))

NOW = 1_800_000_000
ALICE = Subject(id="usr_alice", username="alice")


async def _never(*_: object) -> Any:
    raise AssertionError("passkeys hash nothing")


def _entropy() -> Any:
    """Different bytes at every call, and the same in every run."""
    calls = iter(range(1, 1000))
    return lambda size: next(calls).to_bytes(2, "big") * (size // 2)


@dataclass
class Ceremonies:
    """A server with one authenticator, and what it has stored of alice."""

    passkeys: PasskeyAuthenticator = field(default_factory=lambda: PasskeyAuthenticator(rp_id=soft.RP_ID))
    stored: list[StoredCredential] = field(default_factory=list)
    ctx: Context = field(
        default_factory=lambda: Context(
            now=NOW,
            entropy=_entropy(),
            verify_hash=_never,
            make_hash=_never,
            needs_rehash=lambda _: False,
            issuer=soft.ORIGIN,
        )
    )

    def later(self, seconds: int = 1, *, first: bool = True) -> Context:
        return replace(self.ctx, now=NOW + seconds, first=first)

    async def ask_for_new(self, *, subject: Subject = ALICE) -> Challenge:
        return await self.passkeys.begin_enrolment(self.later(0), subject, self.stored)

    async def enrolment(self, device: Any, *, asked: Challenge | None = None, **wrong: Any) -> Any:
        """What is said of a new passkey; nothing is stored."""
        asked = asked or await self.ask_for_new()
        answer = {"response": device.create(asked.public, **wrong)}
        return await self.passkeys.finish_enrolment(self.later(), asked.state, answer, self.stored)

    async def enrol(self, device: Any = None, **wrong: Any) -> Any:
        """Add a passkey, and store it."""
        device = device or soft.SoftAuthenticator()
        made = await self.enrolment(device, **wrong)
        assert isinstance(made, Enrolled), made
        self.stored.append(StoredCredential(id=f"crd_{len(self.stored) + 1}", data=made.data, version=1))
        return device

    async def ask(self, *, first: bool = True, subject: Subject | None = None) -> Challenge:
        return await self.passkeys.begin(self.later(0, first=first), subject, self.stored if subject else ())

    async def show(
        self,
        device: Any,
        *,
        first: bool = True,
        subject: Subject | None = None,
        asked: Challenge | None = None,
        after_s: int = 1,
        **wrong: Any,
    ) -> Any:
        """What is said of a passkey that was shown; a good one's updates are stored."""
        asked = asked or await self.ask(first=first, subject=subject)
        answer = {"response": device.get(asked.public, **wrong)}
        verdict = await self.passkeys.finish(self.later(after_s, first=first), asked.state, answer, self.stored)
        if isinstance(verdict, Verified):
            for update in verdict.credential_updates:
                (at,) = (n for n, each in enumerate(self.stored) if each.id == update.id)
                assert self.stored[at].version == update.version
                self.stored[at] = replace(self.stored[at], data=update.data, version=update.version + 1)
        return verdict


@pytest.fixture
def server() -> Ceremonies:
    return Ceremonies()


@pytest.fixture
def another_server() -> Any:
    """A server with other options."""

    def made(**options: Any) -> Ceremonies:
        return Ceremonies(passkeys=PasskeyAuthenticator(**{"rp_id": soft.RP_ID, **options}))

    return made
