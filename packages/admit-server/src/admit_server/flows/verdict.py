"""May this request pass? The one pure decision of `/check`: a rule, a token, and what is tried."""

from dataclasses import dataclass, replace
from typing import Literal

from admit.limits import Attempt

from ..domain.check_rule import LIMITS_OF_A_PUBLIC_RULE, LIMITS_OF_A_RULE
from ..domain.token_policy import ACR_ORDER
from .effective import limits_of_grant
from .rule_set import Compiled
from .token_status import STEP_UP, BadToken, GoodToken

Error = Literal["invalid_token", "insufficient_scope", "insufficient_user_authentication"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Denied:
    """The request may not pass.

    Attributes:
        code: Stable; what the caller is told.
        status: 401 where another token could help, 403 where none could.
        check: What failed, with what was expected and found: for the administrator.
        error: The `error` of the challenge (RFC 6750 section 3.1, RFC 9470 section 3); None: the challenge names none.
        scope: What the challenge asks for.
        acr: See `scope`.
        max_age_s: See `scope`; seconds.
    """

    code: str
    status: Literal[401, 403]
    check: str
    expected: str
    found: str
    error: Error | None = None
    scope: str | None = None
    acr: str | None = None
    max_age_s: int | None = None


@dataclass(frozen=True, slots=True)
class MayPass:
    """It may, once its use is counted.

    Attributes:
        use: "none": nothing is counted. "here": count a use first. "upstream": whoever is behind the proxy counts it, compares
            its body, or checks the proof of its key, so nothing but the token itself may let it in there.
    """

    use: Literal["none", "here", "upstream"] = "none"


def before_token(rule: Compiled, attempt: Attempt, *, now: int) -> Denied | None:
    """What a rule asks of the request itself, whoever makes it.

    Args:
        rule: The one that decides.
        attempt: What is tried.
        now: Seconds, UTC.
    """
    wanted, public = rule.in_force.limits, rule.in_force.rule.public
    unkept = set(wanted.as_dict() if wanted else ()) - (LIMITS_OF_A_PUBLIC_RULE if public else LIMITS_OF_A_RULE)
    if unkept or rule.limits is None:
        # `rule add` refuses such a policy; this one was changed since. To ignore a limit would let in what it forbids.
        return Denied(
            code="limits_not_enforceable",
            status=403,
            check="policy of the rule",
            expected=", ".join(sorted(LIMITS_OF_A_RULE)),
            found=", ".join(sorted(unkept)) or "networks or hours that this machine can't read",
        )
    if (broken := rule.limits.violation(attempt, now=now)) is not None:
        return Denied(
            code=broken.code, status=403, check="policy of the rule", expected=broken.expected, found=broken.found
        )
    return None


def verdict(
    rule: Compiled, status: GoodToken | BadToken | None, attempt: Attempt, *, by_dpop: bool = False, now: int
) -> Denied | MayPass:
    """Decide about a request whose rule needs a token.

    Args:
        rule: The one that decides; not a public one.
        status: What the token is; None: there was none.
        attempt: What is tried, with the name of the action that the rule gives it.
        by_dpop: The token came as `Authorization: DPoP`.
        now: Seconds, UTC.
    """
    in_force = rule.in_force
    audience = in_force.rule.audience or ""
    if status is None:
        return Denied(
            code="missing_token", status=401, check="token", expected=f"a bearer token for {audience}", found="none"
        )
    if isinstance(status, BadToken):
        if status.code == STEP_UP and status.grant is not None:
            most = status.grant.policy.max_auth_age_s
            return _step_up("age of the sign-in", f"under {most} s", "an older one", max_age_s=most)
        return _bad(status.code, "token is good", "one that is good now", status.code)
    if status.audience != audience:
        return _bad("wrong_audience", "token's resource", audience, status.audience)
    if by_dpop and not status.cnf.jkt:
        # RFC 9449 section 7.1: the resource checks that the token is bound to the key of the proof.
        return _bad("token_not_bound", "key of the token", "a key, for it came as DPoP", "none")
    limits = limits_of_grant(status.grant)
    # No proxy tells the body of a transaction, or proves for which address a DPoP proof was made: only who gets the request itself can
    # judge them, and may be left to.
    upstream = in_force.upstream_enforces and not in_force.rule.redeem
    is_bound = bool(status.cnf or status.grant.policy.binding)
    if is_bound and not upstream:
        bound = status.cnf.jkt or status.cnf.x5t or "a key"
        return _bad(
            "token_bound", "key of the token", f"shown with {bound}, to the application", "/check, which sees no proof"
        )
    judged = replace(limits, body_sha256=None) if upstream else limits
    if (broken := judged.violation(attempt, now=now)) is not None:
        return _bad(broken.code, "limits of the token", broken.expected, broken.found)
    if missing := in_force.rule.scopes - status.scopes:
        needed = " ".join(sorted(in_force.rule.scopes))
        return Denied(
            code="insufficient_scope",
            status=403,
            check="scope",
            expected=needed,
            found=f"{' '.join(sorted(status.scopes)) or 'none'}; lacks {' '.join(sorted(missing))}",
            error="insufficient_scope",
            scope=needed,
        )
    if (weak := _sign_in(rule, status, now=now)) is not None:
        return weak
    if not limits.counted and limits.body_sha256 is None and not is_bound:
        return MayPass()
    if in_force.rule.redeem:
        return MayPass("here")
    if upstream:
        return MayPass("upstream")
    return _bad(
        "limits_not_enforceable",
        "who counts the uses of the token",
        "this rule (--redeem), or a resource with --verifier admit",
        "nobody",
    )


def _sign_in(rule: Compiled, status: GoodToken, *, now: int) -> Denied | None:
    """RFC 9470: how strong and how fresh the sign-in behind the token has to be."""
    wanted, grant = rule.in_force.limits, status.grant
    if wanted is None:
        return None
    if (acr := wanted.acr) is not None and ACR_ORDER.index(acr) > _strength(grant.acr):
        return _step_up("strength of the sign-in", acr, grant.acr or "unknown", acr=acr)
    if (most := wanted.max_auth_age_s) is not None:
        age = None if grant.auth_time is None else now - grant.auth_time
        if age is None or age > most:
            found = "unknown" if age is None else f"{age} s"
            return _step_up("age of the sign-in", f"at most {most} s", found, max_age_s=most)
    return None


def _strength(acr: str | None) -> int:
    return ACR_ORDER.index(acr) if acr in ACR_ORDER else -1


def _bad(code: str, check: str, expected: str, found: str) -> Denied:
    return Denied(code=code, status=401, check=check, expected=expected, found=found, error="invalid_token")


def _step_up(check: str, expected: str, found: str, *, acr: str | None = None, max_age_s: int | None = None) -> Denied:
    return Denied(
        code="step_up_required",
        status=401,
        check=check,
        expected=expected,
        found=found,
        error="insufficient_user_authentication",
        acr=acr,
        max_age_s=max_age_s,
    )
