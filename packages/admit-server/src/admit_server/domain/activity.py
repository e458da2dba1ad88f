"""What happened to an account, told to its person: one plain sentence for each audit event."""

from collections.abc import Mapping
from dataclasses import dataclass

from .audit import AuditEvent
from .methods import method_in_words

# By action: what it was, if the person did it, and if anybody else did. Names in braces are details of the event.
_SENTENCES: Mapping[str, tuple[str, str]] = {
    "user.added": ("You made the account.", "Your account was made."),
    "user.updated": ("You changed your account.", "An administrator changed your account."),
    "user.disabled": ("You closed your account.", "An administrator closed your account; everything ended."),
    "user.enabled": ("You opened your account again.", "An administrator opened your account again."),
    "user.password_set": ("You set a new password.", "An administrator set a new password; everything ended."),
    "user.sessions_ended": ("You ended all sessions.", "An administrator ended all your sessions."),
    "user.deleted": ("You deleted your account.", "An administrator deleted your account."),
    "account.password_changed": ("You set a new password.", "A new password was set."),
    "account.data_downloaded": ("You downloaded your data.", "Your data was downloaded."),
    "user.invited": ("You made an invitation.", "An administrator invited you."),
    "user.joined": ("You took up the invitation.", "The invitation was taken up."),
    "user.signed_up": ("You made the account.", "The account was made."),
    "user.recovered": (
        "You came back into your account by the way that an administrator made.",
        "Your account was set up anew.",
    ),
    "recovery.begun": ("You began a recovery.", "An administrator made a way back into your account."),
    "recovery.stopped": ("You stopped a recovery.", "The way back into your account was taken away again."),
    "password.reset_asked": (
        "You asked for a mail to set a new password.",
        "Somebody asked for a mail to set a new password.",
    ),
    "password.reset": (
        "You set a new password by the link of a mail.",
        "A new password was set by the link of a mail.",
    ),
    "address.added": ("You noted an e-mail address.", "An e-mail address was noted."),
    "address.verified": ("You verified an e-mail address.", "An e-mail address was verified."),
    "address.made_main": ("You chose another main address.", "Another address became the main one."),
    "address.removed": ("You removed an e-mail address.", "An e-mail address was removed."),
    "credential.suspected": (
        "A way to sign in may have been copied: {label}.",
        "A way to sign in may have been copied: {label}. The sign-in was refused.",
    ),
    "credential.renamed": ("You named a way to sign in: {label}.", "A way to sign in was named: {label}."),
    "credential.removed": (
        "You removed a way to sign in: {by} {label}.",
        "A way to sign in was removed: {by} {label}.",
    ),
    "sign_in.new_device": (
        "You signed in with something new: {device}.",
        "Somebody signed in with something new: {device}.",
    ),
    "account.sessions_ended": ("You ended all other sessions: {ended}.", "All other sessions were ended."),
    "account.app_disconnected": ("You disconnected {name}.", "{name} was disconnected."),
    "sign_in.done": ("You signed in.", "Somebody signed in."),
    "sign_in.failed": ("You tried to sign in without success.", "Somebody tried to sign in without success."),
    "sign_in.throttled": (
        "A try to sign in was refused.",
        "A try to sign in was refused, because of too many before it.",
    ),
    "sign_in.step": ("You proved one step of a sign-in.", "Somebody proved one step of a sign-in to your account."),
    "sign_in.walked": (
        "You proved a step of a sign-in to an administrator.",
        "A step of a sign-in was proved to an administrator.",
    ),
    "sign_in.stuck": (
        "You tried to sign in where more is asked than your account has set up.",
        "Somebody tried to sign in where more is asked than your account has set up.",
    ),
    "credential.added": ("You added a way to sign in: {by} {label}.", "A way to sign in was added: {by} {label}."),
    "mail.dropped": ("A mail to you could not be sent: {reason}.", "A mail to you could not be sent: {reason}."),
    "sessions.limited": (
        "You signed in while there were as many sessions as are allowed.",
        "Somebody signed in while there were as many sessions as are allowed.",
    ),
    "grant.made": ("You went on to {client}.", "{client} was allowed to act for you."),
    "personal_token.made": ("You made the personal token {name}.", "The personal token {name} was made."),
    "personal_token.ended": ("You ended the personal token {name}.", "The personal token {name} was ended."),
}
_ENDED = {
    "logout": "You signed out.",
    "replaced": "A session ended: somebody signed in with the same browser.",
    "ended_by_person": "You ended a session.",
}
# What somebody should look at who did not do it.
_ALARMING = frozenset(
    {
        "credential.suspected",
        "password.reset",
        "password.reset_asked",
        "recovery.begun",
        "sign_in.failed",
        "sign_in.new_device",
        "sign_in.throttled",
        "user.disabled",
        "user.password_set",
        "user.recovered",
    }
)


# Also where it goes under the name of the person: whoever proved to be them may be somebody else.
_ALWAYS = frozenset({"sign_in.new_device", "password.reset", "user.recovered"})


@dataclass(frozen=True, slots=True)
class Happening:
    """One thing that happened. `network`: from where, as `Caller.network`; `alarming`: it is worth a look."""

    at: int
    text: str
    network: str
    alarming: bool


def happening(event: AuditEvent, *, person: str, names: Mapping[str, str] | None = None) -> Happening:
    """The event in words, for the person with that id.

    Args:
        event: Of the log.
        person: Who reads it.
        names: What to call the clients that the event's details name by their ids.
    """
    by_person = event.actor == person
    details = {name: (names or {}).get(str(value), str(value)) for name, value in event.details.items()}
    if "by" in details:
        details["by"] = method_in_words(details["by"])
    if event.action == "user.sessions_ended" and "session" in details:
        text = "You ended a session." if by_person else "An administrator ended one of your sessions."
    elif event.action == "session.ended":
        text = _ENDED.get(str(event.details.get("reason")), "A session ended.")
    elif event.action in _SENTENCES and (not by_person or event.target == person or not _of_a_person(event.target)):
        text = _SENTENCES[event.action][0 if by_person else 1].format_map(_Known(details)).replace(" .", ".")
    else:
        # Mostly what an administrator did to others: the log's own word tells it best.
        text = f"{'You did' if by_person else 'It was noted'}: {event.action}, {event.target or 'everything'}."
    return Happening(
        event.at, text, event.network, event.action in _ALARMING and (not by_person or event.action in _ALWAYS)
    )


def _of_a_person(target: str) -> bool:
    return target.startswith("usr_")


class _Known(dict[str, str]):
    def __missing__(self, name: str) -> str:
        return "something"
