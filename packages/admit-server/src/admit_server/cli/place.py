"""Where a command works: the options that every command takes, before or after its noun, and the server's parts behind them."""

import asyncio
import functools
import getpass
import inspect
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, TypeVar

import typer

from . import output
from .issuer import remembered
from .refusal import Refused

if TYPE_CHECKING:
    from ..flows.runtime import Caller, Runtime
    from ..settings import Settings

T = TypeVar("T")

Data = Annotated[
    Path | None, typer.Option("--data", metavar="DIR", help="Data directory [env: ADMIT_DATA; default: ./var].")
]
Database = Annotated[
    str | None, typer.Option("--database", metavar="URL", help="sqlite:///PATH or postgresql://USER@HOST/NAME.")
]
Config = Annotated[
    Path | None,
    typer.Option("--config", metavar="FILE", help="Settings file [default: admit.toml where there is one]."),
]
Json = Annotated[bool, typer.Option("--json", help="Print one JSON document.")]

OPTIONS = {"data": Data, "database": Database, "config": Config, "as_json": Json}


@dataclass(frozen=True, slots=True)
class Place:
    """What was said about where to work and how to answer."""

    data: Path | None = None
    database: str | None = None
    config: Path | None = None
    as_json: bool = False

    def settings(self, **flags: Any) -> "Settings":
        """The settings, these options above all others.

        Raises:
            Refused: They can't be used; the text says which and why.
        """
        from ..settings import SettingsError, load_settings

        try:
            return load_settings(config=self.config, data=self.data, database=self.database, **flags)
        except SettingsError as error:
            raise Refused(str(error)) from None

    def run(
        self, work: "Callable[[Runtime, Caller], Awaitable[T]]", /, *, create: bool = False, issuer: str | None = None
    ) -> T:
        """Do something with the database, which may be in use by a server at the same time.

        Args:
            work: Gets the runtime and the caller for the audit log.
            create: Make a fresh data directory, key file and SQLite database where there are none.
            issuer: `--issuer`.

        Raises:
            Refused: The database or the key file can't be used; the text says what to do.
        """
        from ..app import open_runtime
        from ..flows.runtime import Caller
        from ..starting import StartError

        settings = self.settings(issuer=issuer)
        if (served := remembered(settings)) is not None:
            settings = self.settings(issuer=served)
        is_fresh = create and not settings.key_file.exists()

        async def inside() -> T:
            async with open_runtime(settings, create=create) as rt:
                return await work(rt, Caller(actor=f"cli:{_who()}"))

        try:
            result = asyncio.run(inside())
        except StartError as error:
            raise Refused(str(error)) from None
        if is_fresh and settings.key_file.exists():
            self.tell(f"Made a new installation. Keep a copy of {settings.key_file} in a safe place.")
        return result

    def show(self, document: Any, human: str) -> None:
        """Print what was asked for: the document with `--json`, else the text for people."""
        output.emit(output.as_json(document) if self.as_json else human)

    def tell(self, text: str) -> None:
        """Say something to the person; nothing with `--json`."""
        if not self.as_json:
            output.tell(text)


def placed(command: Callable[..., None]) -> Callable[..., None]:
    """Give a command the options of `Place`; its first parameter gets what was said here or before the noun."""
    own = list(inspect.signature(command).parameters.values())[1:]
    keyword = inspect.Parameter.KEYWORD_ONLY
    context = inspect.Parameter("ctx", keyword, annotation=typer.Context)
    options = [
        inspect.Parameter(name, keyword, annotation=annotation, default=False if name == "as_json" else None)
        for name, annotation in OPTIONS.items()
    ]
    parameters = [context, *(p.replace(kind=keyword) for p in own), *options]

    @functools.wraps(command)
    def with_place(*, ctx: typer.Context, **given: Any) -> None:
        before = ctx.find_root().params
        said: dict[str, Any] = {name: given.pop(name) or before.get(name) for name in OPTIONS}
        command(Place(**said), **given)

    with_place.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
    with_place.__annotations__ = {p.name: p.annotation for p in parameters}
    return with_place


def _who() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # a container's user id without a name
        return "unknown"
