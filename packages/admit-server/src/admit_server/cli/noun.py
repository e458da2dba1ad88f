"""How every noun's group of commands is set up."""

import typer


def noun(summary: str) -> typer.Typer:
    """A group of commands without mark-up, completion or framed tracebacks."""
    return typer.Typer(
        help=summary,
        add_completion=False,
        rich_markup_mode=None,
        pretty_exceptions_enable=False,
        no_args_is_help=True,
        context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110},
    )
