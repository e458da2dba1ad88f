"""What somebody is told at a step who does not have any more what it asks.

Before anything is proven it follows from the settings alone, the same for everybody; afterwards it names what the step itself offers.
"""

from collections.abc import Callable
from dataclasses import dataclass

from ...flows.journeys.steps import Step
from ...flows.runtime import Runtime

_QUESTIONS = {
    "passkey": "Is your passkey or security key gone?",
    "totp": "Is the app with your codes gone?",
    "recovery_codes": "Are your recovery codes gone?",
    "password": "Forgot your password?",
}
_OTHERWISE = "Is this not possible for you?"


@dataclass(frozen=True, slots=True, kw_only=True)
class Lost:
    """What the page says.

    Attributes:
        question: What it is about.
        of: The authenticator.
        instead: What leads on instead, in words; '' for nothing.
        proven: The person has proved something: `instead` is theirs, and not everybody's.
        by_link: An administrator's recovery link helps: it sets a password, and passwords are taken here.
        mails: A forgotten password is set by mail.
    """

    question: str
    of: str
    instead: str
    proven: bool
    by_link: bool
    mails: bool


def lost(step: Step, *, called: Callable[[str], str], rt: Runtime) -> Lost | None:
    """What to say at a step; None where there is nothing that could have been lost.

    Args:
        step: As it is shown.
        called: What people call an authenticator.
        rt: The runtime.
    """
    beside = {each.authenticator for each in step.beside}
    if step.enrol or (step.user is None and "passkey" not in beside | {step.method}):
        return None
    of = "passkey" if step.user is None else step.method
    others = [name for name in (step.method, *step.others) if name != of]
    first = {"password": "your user name and password"} if step.user is None else {}
    return Lost(
        question=_QUESTIONS.get(of, _OTHERWISE),
        of=of,
        instead=" or ".join(first.get(name) or called(name) for name in others),
        proven=step.user is not None,
        by_link="password" in rt.authenticators,
        mails=rt.mailer.on,
    )
