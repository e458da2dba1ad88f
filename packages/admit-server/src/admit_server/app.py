"""The composition root: settings to a running server. The only module that sees both web and storage."""

import asyncio
import ipaddress
import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from functools import partial
from importlib.metadata import version
from typing import TYPE_CHECKING

from .domain.one_use_link import LinkLives
from .domain.token_policy import TokenPolicy
from .flows import keys, recording
from .flows.admin import built_in
from .flows.audit.sealing import Checkpoints, Sealer
from .flows.decision_log import DecisionLog
from .flows.feed import FeedHub
from .flows.runtime import Runtime
from .flows.stuffing import StuffingWatch
from .housekeeping import (
    close_audit,
    count_refusals,
    end_leases,
    keep_audit,
    keep_decisions,
    keep_keys,
    keep_rules,
    send_mail,
    supervised,
    sweep,
    warm_up,
)
from .machine import THIS_MACHINE, Machine
from .machine.checkpoint_file import FILE_NAME, CheckpointFile
from .machine.hashing import HashingLimits
from .machine.http import GuardedHttp
from .mail import mailer_for
from .opening import open_database
from .ports.store import StoreUnavailable
from .settings import Settings, SettingsError, authenticators_of, origins
from .starting import (
    StartError,
    load_authenticators,
    requirement_of,
)
from .storage.location import SqliteFile, locate
from .storage.open import OpenStore
from .storage.statements import Aggregates

if TYPE_CHECKING:
    from starlette.types import ASGIApp

log = logging.getLogger("admit")


@asynccontextmanager
async def open_runtime(
    settings: Settings, *, create: bool = True, machine: Machine = THIS_MACHINE
) -> AsyncIterator[Runtime]:
    """Open database, key file and keyring.

    Args:
        settings: As loaded.
        create: Make key file, database and keys where there are none; without it nothing is written.
        machine: Where time and randomness come from.

    Raises:
        StartError: A missing or unreadable key file, a database that can't be opened or is of another version, no keys.
    """
    async with open_parts(settings, create=create, machine=machine) as (runtime, _):
        yield runtime


@asynccontextmanager
async def open_parts(
    settings: Settings, *, create: bool = True, machine: Machine = THIS_MACHINE
) -> AsyncIterator[tuple[Runtime, OpenStore[Aggregates]]]:
    """As `open_runtime`, with the store's own face beside it."""
    try:
        names, options = authenticators_of(settings)
    except SettingsError as error:
        raise StartError(f"sign_in.authenticators: {error}") from None
    authenticators = load_authenticators(names, options)
    requires = requirement_of(settings.sign_in.requires, authenticators)
    store, vault = await open_database(settings, create=create)
    hasher = machine.hasher(HashingLimits(threads=settings.sign_in.hash_threads, queue=settings.sign_in.hash_queue))
    http = GuardedHttp(
        allow_networks=[ipaddress.ip_network(each) for each in settings.outgoing.allow_networks],
        # On a developer's machine, everything that it calls is there as well.
        development=settings.issuer.startswith("http://") and not settings.server.insecure_http,
    )
    announcing: set[asyncio.Task[None]] = set()

    def announce() -> None:
        """Tell other processes, which would otherwise learn of it at their next look."""
        task = asyncio.ensure_future(store.announce())
        announcing.add(task)
        task.add_done_callback(announcing.discard)

    runtime = Runtime(
        on_revocation=announce,
        store=store,
        clock=machine.clock,
        entropy=machine.entropy,
        vault=vault,
        hasher=hasher,
        post=http.post,
        issuer=settings.issuer,
        authenticators=authenticators,
        lives=LinkLives(**settings.links.model_dump()),
        registration_open=settings.registration.open,
        mailer=mailer_for(issuer=settings.issuer, **settings.mail.model_dump()),
        default_policy=TokenPolicy(**settings.tokens.model_dump()),
        sign_in_requires=requires,
        enrol_at_sign_in=settings.sign_in.enrol_at_sign_in,
        session_lifetime_s=settings.sign_in.session_lifetime_s,
        session_idle_s=settings.sign_in.session_idle_s,
        stuffing=StuffingWatch(settings.sign_in.stuffing),
        dpop_nonce_needed=settings.binding.dpop_nonce,
        account=settings.account.rules,
        password_rules=settings.password_rules,
        personal_lifetime_s=settings.personal_tokens.lifetime_s,
        decisions=DecisionLog(on=settings.decisions.keep_days > 0, most=settings.decisions.per_second),
    )
    try:
        await (keys.ensure(runtime) if create else keys.refresh(runtime))
        if runtime.keys.current.keys and not any(key.readable for key in runtime.keys.current.keys):
            raise StartError(
                f"the key file {settings.key_file} does not open the signing keys of this database: put back the key file that "
                "belongs to it, or see docs/howto/lost-key-file.md"
            )
        yield runtime, store
    except StoreUnavailable as error:
        raise StartError(str(error)) from error
    finally:
        await asyncio.gather(*announcing, return_exceptions=True)
        await recording.write_last(runtime)
        hasher.close()
        http.close()
        await store.close()


@asynccontextmanager
async def open_site(settings: Settings, *, machine: Machine = THIS_MACHINE) -> AsyncIterator["Server"]:
    """Everything that `admit serve` runs: the site, the feed and the housekeeping."""
    from .web.application import Application
    from .web.security import CookieNames
    from .web.site import Site

    async with open_parts(settings, machine=machine) as (runtime, store):
        hubs: list[FeedHub] = []
        announce = runtime.on_revocation

        def on_revocation() -> None:
            for hub in hubs:
                hub.wake()
            announce()

        runtime = replace(runtime, on_revocation=on_revocation)
        await built_in.ensure(runtime)
        # SQLite: another process's commit is seen by looking; PostgreSQL also notifies.
        hub = FeedHub(runtime, poll_s=0.05 if isinstance(locate(settings.database), SqliteFile) else 0.5)
        hubs.append(hub)
        witness = CheckpointFile(settings.data_dir / FILE_NAME)
        site = Site(
            rt=runtime,
            hub=hub,
            version=version("admit-server"),
            cookies=CookieNames.for_issuer(settings.issuer),
            trusted_proxies=tuple(ipaddress.ip_network(n) for n in settings.server.trusted_proxies),
            certificate_header=settings.binding.certificate_header,
            streams_per_network=settings.feed.streams_per_network,
            related_origins=settings.passkey.related_origins,
            settings_shown=partial(origins, settings),
            witness=witness,
        )
        checkpoints, audit = Checkpoints(Sealer.of(runtime), witness), settings.audit
        await store.listen(hub.wake)
        work: dict[str, Callable[[], Awaitable[None]]] = {
            "feed": hub.run,
            "keys": partial(keep_keys, runtime),
            "rules": partial(keep_rules, runtime),
            "sweeping": partial(sweep, runtime),
            "leases": partial(end_leases, runtime),
            "mail": partial(send_mail, runtime),
            "counting": partial(count_refusals, runtime),
            "decisions": partial(keep_decisions, runtime, keep_days=settings.decisions.keep_days),
            "audit": partial(keep_audit, checkpoints, checkpoint_s=audit.checkpoint_s, keep_days=audit.keep_days),
            "warming up": partial(warm_up, runtime),
        }
        tasks = [asyncio.create_task(supervised(each, name=name)) for name, each in work.items()]
        try:
            yield Server(Application(site), hub)
        finally:
            hub.close()
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            await close_audit(checkpoints)


class Server:
    """The application, and the feed that has to end before the server waits for its streams."""

    def __init__(self, application: "ASGIApp", hub: FeedHub) -> None:
        self.application = application
        self.hub = hub

    @property
    def runtime(self) -> Runtime:
        """What the flows use."""
        return self.hub.rt
