"""From `:name` to `$1`: the statements' one spelling, made ready for PostgreSQL's protocol."""

import re
from dataclasses import dataclass
from functools import lru_cache

# Whatever may hold a colon that is no parameter is matched first, and kept.
_TOKEN = re.compile(
    r"""
      [eE]'(?:[^'\\]|\\.|'')*'                       # a string with escapes
    | '(?:[^']|'')*'                                 # a string
    | "(?:[^"]|"")*"                                 # a quoted name
    | \$(?P<tag>(?:[A-Za-z_]\w*)?)\$.*?\$(?P=tag)\$  # a string between dollars
    | --[^\n]*                                       # a comment to the end of the line
    | /\*.*?\*/                                      # a comment (ours are never nested)
    | ::                                             # a cast
    | :(?P<name>[A-Za-z_]\w*)
    """,
    re.VERBOSE | re.DOTALL,
)


@dataclass(frozen=True, slots=True)
class Numbered:
    """A statement with `$1`, `$2`, ... and the names whose values go there, in that order."""

    text: str
    names: tuple[str, ...]


@lru_cache(maxsize=4096)
def numbered(sql: str) -> Numbered:
    """Replace each `:name` by its number; a name used twice keeps its one number.

    Strings, quoted names, comments and `::` casts are left as they are.
    """
    names: list[str] = []

    def number(match: re.Match[str]) -> str:
        name = match["name"]
        if name is None:
            return match[0]
        if name not in names:
            names.append(name)
        return f"${names.index(name) + 1}"

    return Numbered(_TOKEN.sub(number, sql), tuple(names))
