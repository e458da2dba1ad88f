"""What a command answers when it can't do what was asked: one line that says why and what to do."""


class Refused(Exception):
    """Shown on standard error; the command ends with 1."""
