"""The list of passwords that everybody tries, shipped beside this file; it says where it comes from."""

from functools import cache
from importlib.resources import files

from ..domain.password_rules import CommonPasswords

TOP = 1000


@cache
def common_passwords() -> CommonPasswords:
    """Read the list, once, when the first password is set."""
    text = files(__package__).joinpath("common_passwords.txt").read_text(encoding="utf-8")
    lines = text.partition("\n\n")[2].strip("\n").split("\n")
    return CommonPasswords(top=frozenset(lines[:TOP]), all=frozenset(lines))
