"""Opening database and key file together: neither is of use without the other."""

import sqlite3

from .ports.store import SchemaMismatch, StoreUnavailable
from .settings import Settings
from .starting import StartError, migrate, private_directory, read_key_file, read_or_make_key_file
from .storage.location import BadLocation, SqliteFile, locate
from .storage.open import OpenStore, open_store
from .storage.statements import Aggregates, bind
from .tokens.envelope import Vault


async def open_database(settings: Settings, *, create: bool) -> tuple[OpenStore[Aggregates], Vault]:
    """Open the database and the key file that belongs to it; with `create` make what is missing.

    Raises:
        StartError: One of them is missing, can't be read, or does not belong to the other or to this version.
    """
    try:
        location = locate(settings.database)
    except BadLocation as error:
        raise StartError(str(error)) from None
    try:
        fresh_file = isinstance(location, SqliteFile) and not location.path.exists()
        if fresh_file and create:
            private_directory(settings.data_dir)
            vault = read_or_make_key_file(settings.key_file)
            await migrate(settings.database)
        elif fresh_file:
            raise StartError(f"there is no database at {location}: run `admit serve` or `admit db upgrade` to make one")
        try:
            store = await open_store(location, bind, connections=settings.storage.connections)
        except SchemaMismatch as error:
            if not (create and "is empty" in str(error)):
                raise
            private_directory(settings.data_dir)
            read_or_make_key_file(settings.key_file)
            await migrate(settings.database)
            store = await open_store(location, bind, connections=settings.storage.connections)
    except StoreUnavailable as error:
        raise StartError(str(error)) from None
    except (OSError, sqlite3.Error) as error:
        # `location` hides the password that the setting may hold.
        raise StartError(f"the database {location} can't be opened: {error}") from None
    if not fresh_file:
        try:
            # Tables without any key were made by `admit db upgrade` alone: nothing is sealed yet, so nothing can be lost.
            unsealed = create and not settings.key_file.exists() and not await _has_keys(store)
            vault = read_or_make_key_file(settings.key_file) if unsealed else read_key_file(settings.key_file)
        except StartError:
            await store.close()
            raise
    return store, vault


async def _has_keys(store: OpenStore[Aggregates]) -> bool:
    """Whether the database holds keys that some key file has sealed."""
    return bool(await store.read.keys.all())
