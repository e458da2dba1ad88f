"""Forward authentication: a proxy asks whether a request may pass, and who makes it."""

from dataclasses import dataclass, replace

from admit.limits import Attempt, Violation

from ..domain.check_request import ForwardedRequest
from ..domain.counting import Count
from ..domain.decision import BY_POLICY
from ..ports.check_rules import RuleInForce
from ..tokens.assertion import ASSERTION_TYPE, assertion_claims
from .personal_tokens import note_use
from .recording import record_use
from .redeem import Use, redeem
from .rule_set import Compiled, RuleSet
from .runtime import Caller, Runtime
from .token_status import BadToken, GoodToken, judge
from .verdict import Denied, MayPass, before_token, verdict


@dataclass(frozen=True, slots=True, kw_only=True)
class Passed:
    """The request may pass.

    Attributes:
        rule: The rule that let it.
        token: Whose token it is; None at a public rule, and where the application behind the proxy has to judge the token itself.
        assertion: A JWT about this very request, for that application.
    """

    rule: RuleInForce
    token: GoodToken | None = None
    assertion: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What the proxy asks.

    Attributes:
        request: What somebody wants to do.
        token: The access token that came with it.
        by_dpop: It came as `Authorization: DPoP`.
        address: Of who wants it, as the proxy says; None: it does not say.
        use_id: The proxy's own number of the request, so that a question asked twice is one use.
    """

    request: ForwardedRequest
    token: str | None = None
    by_dpop: bool = False
    address: str | None = None
    use_id: str | None = None


NO_RULE = Denied(
    code="no_rule",
    status=403,
    check="rule",
    expected="one for this host, path and method (`admit rule test` tells)",
    found="none",
)


async def check(asked: Asked, *, rt: Runtime, caller: Caller) -> Passed | Denied:
    """Decide, count a use where the rule says so, and sign what the application behind the proxy may believe.

    Nothing is written for a request that passes, unless a use is counted or that of a personal token is noted.

    Raises:
        StoreUnavailable: It can't be judged now.
        NoSigningKey: The assertion can't be signed.
        InvalidRequest: The use id belongs to a use of long ago, or is none.
    """
    rule, status, outcome = await _decided(asked, rt=rt, caller=caller)
    if isinstance(outcome, Denied):
        caller.trail.failed(outcome.check, outcome.expected, outcome.found)
        _record(asked, rule, status, outcome.code, rt=rt)
        return outcome
    assert rule is not None  # noqa: S101 - without a rule it is denied
    if not isinstance(status, GoodToken) or outcome.use != "here":
        _record(asked, rule, status, "", rt=rt)
    if not isinstance(status, GoodToken) or outcome.use == "upstream":
        # Where a use is still to be counted, nobody vouches for the token: not even by a name in a header.
        return Passed(rule=rule.in_force)
    if outcome.use == "here":
        use = Use(attempt=_attempt(asked, rule), use_id=asked.use_id)
        if (broken := await redeem(status, use, rt=rt)) is not None:
            caller.trail.failed("limits of the token", broken.expected, broken.found)
            _record(asked, rule, status, broken.code, rt=rt)
            return _exhausted(broken)
        _record(asked, rule, status, "", rt=rt)
    await note_use(status, address=asked.address, rt=rt)
    now = rt.clock()
    claims = assertion_claims(
        status.grant,
        issuer=rt.issuer,
        assertion_id=rt.new_id("tok"),
        token_id=status.id,
        scopes=status.scopes,
        request=asked.request,
        counted=outcome.use == "here",
        now=now,
    )
    assertion = rt.keys.current.sign(claims, alg=rt.access_token_alg, typ=ASSERTION_TYPE, now=now)
    return Passed(rule=rule.in_force, token=status, assertion=assertion)


@dataclass(frozen=True, slots=True)
class TriedOut:
    """What `check` would answer: the rule that decides, whether the request would pass, and how its use would be counted."""

    rule: RuleInForce | None
    outcome: Denied | MayPass


async def try_out(asked: Asked, *, rt: Runtime, caller: Caller) -> TriedOut:
    """The same decision for an administrator: nothing is counted, written or signed."""
    await refresh(rt)
    rule, status, outcome = await _decided(asked, rt=rt, caller=caller)
    if isinstance(outcome, MayPass) and outcome.use == "here" and isinstance(status, GoodToken):
        count = await rt.store.read.counting.look(status.id)
        if (spent := _spent(count, now=rt.clock())) is not None:
            outcome = _exhausted(spent)
    return TriedOut(rule.in_force if rule is not None else None, outcome)


async def refresh(rt: Runtime) -> RuleSet:
    """Load the rules if the database has others than those in use.

    Raises:
        StoreUnavailable: They can't be read.
    """
    stored = await rt.store.read.check_rules.all()
    known = rt.rules.current
    if known is None or known.rules != stored:
        known = rt.rules.current = RuleSet(stored)
    return known


async def _decided(
    asked: Asked, *, rt: Runtime, caller: Caller
) -> tuple[Compiled | None, GoodToken | BadToken | None, Denied | MayPass]:
    trail, request, now = caller.trail, asked.request, rt.clock()
    rules = rt.rules.current or await refresh(rt)
    trail.passed("request", "one that everybody reads alike", f"{request.method} {request.host}{request.path}")
    rule = rules.decide(request)
    if rule is None:
        return None, None, NO_RULE
    in_force = rule.in_force
    trail.passed("rule", "one for this host, path and method", in_force.rule.id)
    attempt = _attempt(asked, rule)
    if (denied := before_token(rule, attempt, now=now)) is not None:
        return rule, None, denied
    if in_force.rule.public:
        return rule, None, MayPass()
    trail.resource = in_force.rule.audience
    status = await judge(asked.token, rt=rt, trail=trail) if asked.token is not None else None
    return rule, status, verdict(rule, status, attempt, by_dpop=asked.by_dpop, now=now)


def _record(
    asked: Asked, rule: Compiled | None, status: GoodToken | BadToken | None, code: str, *, rt: Runtime
) -> None:
    if rule is None:
        return
    # Without a token only the policy of the rule can have decided.
    if status is None and (rule.in_force.rule.policy is None or (code and code not in BY_POLICY)):
        return
    use = Use(attempt=_attempt(asked, rule), use_id=asked.use_id)
    record_use("check", status, use, code=code, rule=rule.in_force.rule.id, by_dpop=asked.by_dpop, rt=rt)


def _attempt(asked: Asked, rule: Compiled) -> Attempt:
    request = asked.request
    attempt = Attempt(method=request.method, path=request.path, address=asked.address)
    action = rule.in_force.rule.action
    return replace(attempt, action=action) if action is not None else attempt


def _spent(count: Count | None, *, now: int) -> Violation | None:
    code = count.spent(now) if count is not None else "uses_exhausted"
    return Violation(code, expected="a use that is left", found="none") if code is not None else None


def _exhausted(broken: Violation) -> Denied:
    return Denied(
        code=broken.code,
        status=401,
        check="limits of the token",
        expected=broken.expected,
        found=broken.found,
        error="invalid_token",
    )
