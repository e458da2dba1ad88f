"""All aggregates over one `Statements`."""

from dataclasses import dataclass

from ...ports.store import Statements
from .access_tokens import AccessTokenStatements
from .activity import ActivityStatements
from .acts import ActStatements
from .addresses import AddressStatements
from .audit_log import AuditLogStatements
from .check_rules import CheckRuleStatements
from .clients import ClientStatements, ResourceStatements
from .connections import ConnectionStatements
from .counting import CountingStatements
from .decisions import DecisionStatements
from .denials import DenialStatements
from .feed import FeedStatements, SigningKeyStatements
from .grants import GrantStatements
from .known_devices import KnownDeviceStatements
from .leases import LeaseStatements
from .one_use import CodeStatements, RefreshTokenStatements
from .one_use_links import OneUseLinkStatements
from .outbox import OutboxStatements
from .password_schemes import PasswordSchemeStatements
from .personal_tokens import PersonalTokenStatements
from .policies import PolicyStatements
from .proofs import ProofStatements
from .roles import RoleStatements
from .security import AuditStatements, SweepStatements, ThrottleStatements
from .selecting import SelectingStatements
from .sessions import SessionStatements
from .sign_in_rules import SignInRuleStatements
from .users import CredentialStatements, UserStatements


@dataclass(frozen=True, slots=True)
class Aggregates:
    """`ports.transaction.Tx`."""

    users: UserStatements
    credentials: CredentialStatements
    password_schemes: PasswordSchemeStatements
    sessions: SessionStatements
    sign_in_rules: SignInRuleStatements
    clients: ClientStatements
    resources: ResourceStatements
    roles: RoleStatements
    policies: PolicyStatements
    grants: GrantStatements
    connections: ConnectionStatements
    known_devices: KnownDeviceStatements
    leases: LeaseStatements
    codes: CodeStatements
    refresh_tokens: RefreshTokenStatements
    access_tokens: AccessTokenStatements
    personal_tokens: PersonalTokenStatements
    counting: CountingStatements
    check_rules: CheckRuleStatements
    proofs: ProofStatements
    feed: FeedStatements
    keys: SigningKeyStatements
    throttles: ThrottleStatements
    decisions: DecisionStatements
    denials: DenialStatements
    audit: AuditStatements
    activity: ActivityStatements
    audit_log: AuditLogStatements
    selecting: SelectingStatements
    sweeping: SweepStatements
    acts: ActStatements
    outbox: OutboxStatements
    addresses: AddressStatements
    links: OneUseLinkStatements


def bind(tx: Statements) -> Aggregates:
    """Build the aggregates."""
    return Aggregates(
        users=UserStatements(tx),
        credentials=CredentialStatements(tx),
        password_schemes=PasswordSchemeStatements(tx),
        sessions=SessionStatements(tx),
        sign_in_rules=SignInRuleStatements(tx),
        clients=ClientStatements(tx),
        resources=ResourceStatements(tx),
        roles=RoleStatements(tx),
        policies=PolicyStatements(tx),
        grants=GrantStatements(tx),
        connections=ConnectionStatements(tx),
        known_devices=KnownDeviceStatements(tx),
        leases=LeaseStatements(tx),
        codes=CodeStatements(tx),
        refresh_tokens=RefreshTokenStatements(tx),
        access_tokens=AccessTokenStatements(tx),
        personal_tokens=PersonalTokenStatements(tx),
        counting=CountingStatements(tx),
        check_rules=CheckRuleStatements(tx),
        proofs=ProofStatements(tx),
        feed=FeedStatements(tx),
        keys=SigningKeyStatements(tx),
        throttles=ThrottleStatements(tx),
        decisions=DecisionStatements(tx),
        denials=DenialStatements(tx),
        audit=AuditStatements(tx),
        activity=ActivityStatements(tx),
        audit_log=AuditLogStatements(tx),
        selecting=SelectingStatements(tx),
        sweeping=SweepStatements(tx),
        acts=ActStatements(tx),
        outbox=OutboxStatements(tx),
        addresses=AddressStatements(tx),
        links=OneUseLinkStatements(tx),
    )
