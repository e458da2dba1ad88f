"""Starting: the key file, the data directory, and setting up a fresh database. Every failure says what to do."""

import asyncio
import logging
import os
import sys
import time
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from .authenticators.api import Authenticator
from .authenticators.registry import UnknownAuthenticator, load
from .domain.errors import NotAllowed
from .domain.requirement import names_of, not_loaded, parse_requirement
from .machine.clock import system_entropy
from .tokens.envelope import KEY_BYTES, KeyFileInvalid, Vault

log = logging.getLogger("admit")

# What is enough where the settings say nothing.
_USUAL = ("password", "passkey")


class StartError(Exception):
    """The server can't start; the message says why and what to do."""


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
        return _read_when_written(path)
    key = system_entropy(KEY_BYTES)
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w") as file:
            file.write(Vault.format(key))
            file.flush()
            os.fsync(file.fileno())
    except FileExistsError:
        return _read_when_written(path)
    except OSError as error:
        raise StartError(f"the key file {path} can't be written: {error}") from None
    log.info("made the key file %s: keep a copy in a safe place", path)
    return Vault.from_keys([key])


def _read_when_written(path: Path) -> Vault:
    """The key file of another process that started at the same moment: between making and filling it, it is empty."""
    for _ in range(100):
        with suppress(OSError):
            if path.stat().st_size:
                break
        time.sleep(0.01)
    return read_key_file(path)


def private_directory(path: Path) -> None:
    """Make the data directory where there is none, for its owner only.

    Raises:
        StartError: It can't be made.
    """
    try:
        path.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise StartError(f"the data directory {path} can't be made: {error}") from None


async def migrate(database: str) -> None:
    """Set up a fresh database in a child process: the migration tools would cost the server up to 46 MB."""
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


def load_authenticators(
    names: tuple[str, ...], options: Mapping[str, Mapping[str, Any]]
) -> Mapping[str, Authenticator]:
    """The authenticators that the settings name.

    Raises:
        StartError: One can't be loaded.
    """
    try:
        return load(names, options)
    except UnknownAuthenticator as error:
        raise StartError(f"sign_in.authenticators: {error}") from None


def requirement_of(text: str, authenticators: Mapping[str, Authenticator]) -> str:
    """What every sign-in has to prove, as the settings say it; where they say nothing, what is usual.

    Raises:
        StartError: It is not written as it has to be, or names an authenticator that is not loaded.
    """
    text = text or " or ".join(name for name in _USUAL if name in authenticators)
    if not text:
        usual = " nor ".join(_USUAL)
        raise StartError(
            f"sign_in.requires: say what a sign-in has to prove, for neither {usual} is among sign_in.authenticators"
        )
    try:
        names = names_of(parse_requirement(text))
    except NotAllowed as error:
        raise StartError(f"sign_in.requires: {error}") from None
    if missing := [name for name in names if name not in authenticators]:
        raise StartError(f"sign_in.requires: {not_loaded(missing[0], authenticators)}")
    return text
