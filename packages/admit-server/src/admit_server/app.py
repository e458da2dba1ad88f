"""The composition root: settings to a running server. The only module that sees both web and storage."""

import asyncio
import ipaddress
import logging
import os
import sqlite3
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import replace
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING

from .authenticators.registry import UnknownAuthenticator, load
from .domain.token_policy import TokenPolicy
from .flows import keys
from .flows.denials import write_tally
from .flows.feed import FeedHub
from .flows.runtime import Runtime
from .machine.clock import system_clock, system_entropy
from .machine.hashing import Argon2Hasher, HashingLimits
from .ports.store import SchemaMismatch, StoreUnavailable
from .ports.transaction import Tx
from .settings import Settings
from .storage.location import BadLocation, SqliteFile, locate
from .storage.open import OpenStore, open_store
from .storage.statements import Aggregates, bind
from .tokens.envelope import KEY_BYTES, KeyFileInvalid, Vault

if TYPE_CHECKING:
    from starlette.types import ASGIApp

log = logging.getLogger("admit")


class StartError(Exception):
    """The server can't start; the message says why and what to do."""


@asynccontextmanager
async def open_runtime(settings: Settings, *, create: bool = True) -> AsyncIterator[Runtime]:
    """Open database, key file and keyring.

    Args:
        settings: As loaded.
        create: Make key file and database where there is neither.

    Raises:
        StartError: A missing or unreadable key file, a database that can't be opened or is of another version, no keys.
    """
    async with open_parts(settings, create=create) as (runtime, _):
        yield runtime


@asynccontextmanager
async def open_parts(
    settings: Settings, *, create: bool = True
) -> AsyncIterator[tuple[Runtime, OpenStore[Aggregates]]]:
    """As `open_runtime`, with the store's own face beside it."""
    try:
        authenticators = load(settings.sign_in.authenticators)
    except UnknownAuthenticator as error:
        raise StartError(f"sign_in.authenticators: {error}") from None
    store, vault = await _open_store(settings, create=create)
    hasher = Argon2Hasher(HashingLimits(threads=settings.sign_in.hash_threads, queue=settings.sign_in.hash_queue))
    announcing: set[asyncio.Task[None]] = set()

    def announce() -> None:
        """Tell other processes, which would otherwise learn of it at their next look."""
        task = asyncio.ensure_future(store.announce())
        announcing.add(task)
        task.add_done_callback(announcing.discard)

    runtime = Runtime(
        on_revocation=announce,
        store=store,
        clock=system_clock,
        entropy=system_entropy,
        vault=vault,
        hasher=hasher,
        issuer=settings.issuer,
        authenticators=authenticators,
        default_policy=TokenPolicy(**settings.tokens.model_dump()),
        session_lifetime_s=settings.sign_in.session_lifetime_s,
    )
    try:
        await keys.ensure(runtime)
        if runtime.keys.current.keys and not any(key.private for key in runtime.keys.current.keys):
            raise StartError(
                f"the key file {settings.key_file} does not open the signing keys of this database: put back the key file that "
                "belongs to it, or see docs/howto/lost-key-file.md"
            )
        yield runtime, store
    except StoreUnavailable as error:
        raise StartError(str(error)) from error
    finally:
        await asyncio.gather(*announcing, return_exceptions=True)
        hasher.close()
        await store.close()


async def _open_store(settings: Settings, *, create: bool) -> tuple[OpenStore[Aggregates], Vault]:
    try:
        location = locate(settings.database)
        fresh_file = isinstance(location, SqliteFile) and not location.path.exists()
        if fresh_file and create:
            _private_directory(settings.data_dir)
            vault = read_or_make_key_file(settings.key_file)
            await _migrate(settings.database)
        elif fresh_file:
            raise StartError(f"there is no database at {location}: run `admit serve` or `admit db upgrade` to make one")
        try:
            store = await open_store(location, bind, connections=settings.storage.connections)
        except SchemaMismatch as error:
            if not (create and "is empty" in str(error)):
                raise
            _private_directory(settings.data_dir)
            read_or_make_key_file(settings.key_file)
            await _migrate(settings.database)
            store = await open_store(location, bind, connections=settings.storage.connections)
    except (BadLocation, StoreUnavailable) as error:
        raise StartError(str(error)) from None
    except (OSError, sqlite3.Error) as error:
        raise StartError(f"the database {settings.database} can't be opened: {error}") from None
    if not fresh_file:
        try:
            vault = read_key_file(settings.key_file)
        except StartError:
            await store.close()
            raise
    return store, vault


def read_key_file(path: Path) -> Vault:
    """The keys outside the database.

    Raises:
        StartError: Missing, unreadable, readable by others, or not a key file.
    """
    try:
        mode = path.stat().st_mode
        text = path.read_text(encoding="ascii", errors="strict")
    except FileNotFoundError:
        raise StartError(
            f"the key file {path} is missing, and the database was made with one: put it back from your copy, or name it with "
            "storage.key_file; see docs/howto/lost-key-file.md"
        ) from None
    except (OSError, UnicodeDecodeError) as error:
        raise StartError(f"the key file {path} can't be read: {error}") from None
    if os.name == "posix" and mode & 0o077:
        raise StartError(f"the key file {path} can be read by others: run `chmod 600 {path}`")
    try:
        return Vault.parse(text)
    except KeyFileInvalid as error:
        raise StartError(f"{path} is not a key file: {error}. Put back the right one from your copy") from None


def read_or_make_key_file(path: Path) -> Vault:
    """The key file, made at the very first start. Never overwrites one."""
    if path.exists():
        return read_key_file(path)
    key = system_entropy(KEY_BYTES)
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w") as file:
            file.write(Vault.format(key))
            file.flush()
            os.fsync(file.fileno())
    except FileExistsError:
        return read_key_file(path)
    except OSError as error:
        raise StartError(f"the key file {path} can't be written: {error}") from None
    log.info("made the key file %s: keep a copy in a safe place", path)
    return Vault.from_keys([key])


def _private_directory(path: Path) -> None:
    try:
        path.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise StartError(f"the data directory {path} can't be made: {error}") from None


async def _migrate(database: str) -> None:
    """Set up a fresh database in a child process: the migration tools would cost the server 60 MB."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "admit_server.storage.migrations.upgrade",
        "--database",
        database,
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.PIPE,
    )
    _, errors = await process.communicate()
    if process.returncode:
        last = errors.decode(errors="replace").strip().splitlines()
        raise StartError(f"the database could not be set up: {last[-1] if last else f'exit code {process.returncode}'}")


@asynccontextmanager
async def open_site(settings: Settings) -> AsyncIterator["Server"]:
    """Everything that `admit serve` runs: the site, the feed and the housekeeping."""
    from .web.application import Application
    from .web.security import CookieNames
    from .web.site import Site

    async with open_parts(settings) as (runtime, store):
        hubs: list[FeedHub] = []
        announce = runtime.on_revocation

        def on_revocation() -> None:
            for hub in hubs:
                hub.wake()
            announce()

        runtime = replace(runtime, on_revocation=on_revocation)
        is_file = isinstance(locate(settings.database), SqliteFile)
        # SQLite: another process's commit is seen by looking; PostgreSQL also notifies.
        hub = FeedHub(runtime, poll_s=0.05 if is_file else 0.5)
        hubs.append(hub)
        site = Site(
            rt=runtime,
            hub=hub,
            version=version("admit-server"),
            cookies=CookieNames.for_issuer(settings.issuer),
            trusted_proxies=tuple(ipaddress.ip_network(n) for n in settings.server.trusted_proxies),
            streams_per_network=settings.feed.streams_per_network,
        )
        await store.listen(hub.wake)
        tasks = [
            asyncio.create_task(work)
            for work in (hub.run(), _keep_keys(runtime), _sweep(runtime), _write_tally(runtime), _warm_up(runtime))
        ]
        try:
            yield Server(Application(site), hub)
        finally:
            hub.close()
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)


class Server:
    """The application, and the feed that has to end before the server waits for its streams."""

    def __init__(self, application: "ASGIApp", hub: FeedHub) -> None:
        self.application = application
        self.hub = hub

    @property
    def runtime(self) -> Runtime:
        """What the flows use."""
        return self.hub.rt


async def _keep_keys(rt: Runtime) -> None:
    """Follow rotations made by other processes, and keep a next key published."""
    await asyncio.sleep(1)
    rounds = 0
    while True:
        try:
            await keys.refresh(rt)
            if rounds % 1200 == 0:
                await keys.ensure_next(rt)
        except StoreUnavailable as error:
            log.warning("the keys can't be read: %s", error)
        rounds += 1
        await asyncio.sleep(0.5)


async def _sweep(rt: Runtime) -> None:
    """Delete what can matter to nobody any more, in small batches so that nobody waits."""
    while True:
        await asyncio.sleep(30)
        with suppress(StoreUnavailable):
            while await _swept(rt) >= 100:  # noqa: ASYNC110 - a breath between batches, not a wait for something
                await asyncio.sleep(0.05)


async def _write_tally(rt: Runtime) -> None:
    """Write the counted refusals every second."""
    while True:
        await asyncio.sleep(1)
        with suppress(StoreUnavailable):
            await write_tally(rt)


async def _swept(rt: Runtime) -> int:
    now = rt.clock()

    async def unit(tx: Tx) -> int:
        return await tx.sweeping.sweep(now=now, limit=100)

    return await rt.store.write(unit)


async def _warm_up(rt: Runtime) -> None:
    await asyncio.sleep(0.2)
    if isinstance(rt.hasher, Argon2Hasher):
        await rt.hasher.warm_up()
