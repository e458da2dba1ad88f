"""The `admit` command itself: finds the noun, and turns everything that goes wrong into one line and an exit code."""

import importlib
import os
import sys
import traceback
from pathlib import Path
from typing import Annotated, Any

import typer
import typer.core

from ..domain.errors import AdministrationError, ProtocolError
from ..ports.store import StoreUnavailable
from .output import tell
from .place import Config, Data, Database, Json
from .refusal import Refused

DONE, REFUSED, WRONG_USAGE, INTERRUPTED = 0, 1, 2, 130

NOUNS = {
    "serve": "Run the server.",
    "user": "People: add, import, list, show, update, disable, enable, invite, recover, set-password, delete.",
    "client": "Applications: add, list, show, update, rotate-secret, delete.",
    "resource": "APIs and sites that tokens are for: add, list, show, update, delete.",
    "role": "Roles that carry scopes or a policy: add, list, show, update, delete.",
    "rule": "Forward authentication (/check): add, list, show, update, delete, test.",
    "journey": "What sign-ins have to prove: set, list, show, delete, explain, walk.",
    "policy": "Named limits on tokens: set, list, show, effective, simulate, delete.",
    "apply": "Make policies, roles, resources, clients and people's roles match a file.",
    "session": "Who is signed in: list, show, end.",
    "token": "Tokens: issue, inspect, revoke, list.",
    "pat": "Personal tokens (API keys): add, list, end.",
    "explain": "Why something was refused: each check, expected and found, and what mends it.",
    "key": "Signing keys: list, rotate, retire.",
    "audit": "What happened, chained and sealed: tail, verify, export, drop, key.",
    "mail": "Mail: test.",
    "db": "The database: status, upgrade.",
    "doctor": "Check settings, key file, database, keys, mail and clock, and say how to mend what is wrong.",
}


class Nouns(typer.core.TyperGroup):
    """Imports the module of a noun when it is used: each brings parts of the server that the others don't need."""

    def __init__(self, **attributes: Any) -> None:
        super().__init__(**attributes)
        self.commands = dict.fromkeys(NOUNS)  # type: ignore[assignment]  # the names, for suggestions

    def list_commands(self, ctx: Any) -> list[str]:
        """All nouns."""
        return [*NOUNS]

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        """The command of a noun, or None."""
        if cmd_name not in NOUNS:
            return None
        module = importlib.import_module(f"{__package__}.{cmd_name}")
        command = typer.main.get_command(module.app)
        command.name = cmd_name
        return command

    def format_commands(self, ctx: Any, formatter: Any) -> None:
        """The nouns in `admit --help`, without importing any."""
        with formatter.section("Commands"):
            formatter.write_dl([*NOUNS.items()])


app = typer.Typer(
    cls=Nouns,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    no_args_is_help=True,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110},
)


def _show_version(wanted: bool) -> None:
    if wanted:
        from importlib.metadata import version

        from .output import emit

        emit(f"admit {version('admit-server')}")
        raise typer.Exit


@app.callback()
def admit(
    data: Data = None,
    database: Database = None,
    config: Config = None,
    as_json: Json = False,
    version: Annotated[
        bool, typer.Option("--version", is_eager=True, callback=_show_version, help="Print the version.")
    ] = False,
) -> None:
    """Token-based authentication: sign-in, tokens, and logout that works at once.

    Every command takes --data, --database, --config and --json, and works while the server runs.
    """


def run(arguments: list[str]) -> int:
    """Run one command.

    Returns:
        0 done, 1 refused or not found, 2 wrong usage, 130 interrupted, 141 nobody reads the output any more.
    """
    try:
        _refuse_broken_text(arguments)
        result = typer.main.get_command(app).main(args=arguments, prog_name="admit", standalone_mode=False)
        return result if isinstance(result, int) else DONE
    except typer.Exit as done:
        return done.exit_code
    except (KeyboardInterrupt, typer.Abort):
        return INTERRUPTED
    except SystemExit as ended:  # how the framework answers a pipe that nobody reads
        return ended.code if isinstance(ended.code, int) else REFUSED
    except typer.TyperException as error:
        return _wrong_usage(error)
    except (Refused, AdministrationError, StoreUnavailable) as error:
        return _refused(str(error))
    except ProtocolError as error:
        return _refused(error.public or str(error))
    except OSError as error:
        return _refused(_what_failed(error), error)
    except Exception as error:
        return _refused(
            f"unexpected {type(error).__name__} in {_where(error)}. This is a fault of Admit: please report it, with what "
            "`ADMIT_DEBUG=1 admit ...` prints.",
            error,
        )


def main() -> None:
    """The entry point of the `admit` executable."""
    sys.exit(run(sys.argv[1:]))


def _refused(text: str, error: Exception | None = None) -> int:
    if error is not None and os.environ.get("ADMIT_DEBUG") == "1":
        traceback.print_exception(error)
    words = text.split()
    if words[0].isalpha():  # a sentence, not a setting or a path
        words[0] = words[0][0].upper() + words[0][1:]
    tell(f"admit: {' '.join(words)}")
    return REFUSED


def _wrong_usage(error: typer.TyperException) -> int:
    context = getattr(error, "ctx", None)
    path = context.command_path if context is not None else "admit"
    message = error.format_message().strip()
    if "\n" in message:  # no command was named: the message is the help
        sys.stderr.write(message + "\n")
    else:
        tell(f"{path}: {message}{'' if message[-1] in '.?' else '.'} Try `{path} --help`.")
    return WRONG_USAGE


def _refuse_broken_text(arguments: list[str]) -> None:
    for number, argument in enumerate(arguments, 1):
        try:
            argument.encode()
        except UnicodeEncodeError:
            raise typer.BadParameter(f"argument {number} is not UTF-8 text.") from None


def _what_failed(error: OSError) -> str:
    what = f"{error.filename}: " if error.filename else ""
    return f"{what}{error.strerror or error}."


def _where(error: Exception) -> str:
    frames = traceback.extract_tb(error.__traceback__)
    ours = [frame for frame in frames if "admit" in frame.filename] or frames
    return f"{Path(ours[-1].filename).name}:{ours[-1].lineno}" if ours else "an unknown place"
