"""A runtime with a clock that is moved by hand, numbered entropy, one fixed key and a hasher that costs nothing."""

import hashlib
import itertools
from collections.abc import AsyncIterator, Awaitable, Callable

import pytest

from admit.jose import generate_key
from admit_server.authenticators.registry import load
from admit_server.domain.session import Session
from admit_server.domain.signing_key import SigningKey
from admit_server.flows.runtime import Caller, KeyringHolder, Runtime
from admit_server.storage.open import open_store
from admit_server.storage.statements import bind
from admit_server.tokens.envelope import Vault
from admit_server.tokens.keyring import Keyring, RingKey

NOW = 1_800_000_000


class HandClock:
    """Stands still until it is moved."""

    def __init__(self) -> None:
        self.now = NOW

    def __call__(self) -> int:
        return self.now


class NumberedEntropy:
    """Bytes that never repeat and are the same in every run."""

    def __init__(self) -> None:
        self._numbers = itertools.count()

    def __call__(self, size: int, /) -> bytes:
        return hashlib.shake_128(str(next(self._numbers)).encode()).digest(size)


class ReadableHasher:
    """Lets a test see which text was hashed."""

    async def hash(self, password: str) -> str:
        return f"hash of {password}"

    async def verify(self, encoded: str | None, password: str) -> bool:
        return encoded == f"hash of {password}"

    def needs_rehash(self, encoded: str) -> bool:
        return False


@pytest.fixture
def database_url(request: pytest.FixtureRequest) -> str:
    """SQLite, unless a test asks for both engines: rules that are decided before the database need only one."""
    if getattr(request, "param", "sqlite") == "postgresql":
        url: str = request.getfixturevalue("pg_url")
        return url
    return f"sqlite:///{request.getfixturevalue('sqlite_path')}"


@pytest.fixture(scope="session")
def ring() -> Keyring:
    key = generate_key("ES256")
    stored = SigningKey(
        kid=key.thumbprint(),
        alg="ES256",
        public_jwk=key.public_dict(),
        sealed_private=b"",
        published_at=0,
        signs_from=0,
    )
    return Keyring((RingKey(stored, key, key),))


@pytest.fixture
def clock() -> HandClock:
    return HandClock()


@pytest.fixture
def woken() -> list[int]:
    """Grows by one each time the feed is woken."""
    return []


@pytest.fixture
async def rt(
    database_url: str, anyio_backend: str, ring: Keyring, clock: HandClock, woken: list[int]
) -> AsyncIterator[Runtime]:
    store = await open_store(database_url, bind)
    yield Runtime(
        store=store,
        clock=clock,
        entropy=NumberedEntropy(),
        vault=Vault.from_keys([bytes(32)]),
        hasher=ReadableHasher(),
        issuer="http://127.0.0.1:8100",
        authenticators=load(("password",)),
        keys=KeyringHolder(ring),
        on_revocation=lambda: woken.append(1),
    )
    await store.close()


@pytest.fixture
def caller() -> Caller:
    return Caller(actor="cli:root")


@pytest.fixture
def sign_in(rt: Runtime) -> Callable[[str], Awaitable[Session]]:
    """Makes a living session of a user by id, with a JWT of it said to live for ten minutes."""

    async def begin(user_id: str) -> Session:
        now = rt.clock()
        session = Session(
            id=rt.new_id("ses"),
            user_id=user_id,
            auth_time=now,
            amr=("pwd",),
            acr="urn:admit:acr:1fa",
            network="127.0.0.1",
            user_agent="Browser",
            in_browser=True,
            created_at=now,
            last_seen_at=now,
            expires_at=now + 3600,
        )

        async def unit(tx) -> None:
            await tx.sessions.add(session, digest=session.id.encode())
            await tx.sessions.hold(session.id, jwt_alive_until=now + 600, now=now)

        await rt.store.write(unit)
        return session

    return begin


@pytest.fixture
def actions(rt: Runtime) -> Callable[[], Awaitable[list[str]]]:
    """The actions in the audit log, by name."""

    async def read() -> list[str]:
        return sorted(event.action for event in await rt.store.read.audit.latest(limit=100))

    return read
