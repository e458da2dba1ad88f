"""Rules that are kept with a grant."""

from admit_server.domain.applied_rule import AppliedRule, as_list, combined_with, from_list, labelled, names
from admit_server.domain.token_policy import SERVER_DEFAULT, TokenPolicy

RULES = (
    AppliedRule("server", SERVER_DEFAULT),
    AppliedRule("client App", TokenPolicy(max_uses=5, lifetime_s=60), "till"),
    AppliedRule("user ada", TokenPolicy(lifetime_s=120), "till"),
    AppliedRule("this issue", TokenPolicy(networks=frozenset({frozenset({"10.0.0.0/8"})}))),
)


def test_rules_come_back_as_they_were_written():
    assert from_list(as_list(RULES)) == RULES
    assert from_list(as_list(())) == ()


def test_a_rule_is_called_by_whose_it_is_and_its_policy():
    assert [name for name, _ in labelled(RULES)] == [
        "server",
        "client App (policy till)",
        "user ada (policy till)",
        "this issue",
    ]


def test_a_policy_is_replaced_wherever_it_stands_and_nothing_else():
    replaced = combined_with(RULES, "till", TokenPolicy(max_uses=1))

    assert (replaced.max_uses, replaced.lifetime_s) == (1, SERVER_DEFAULT.lifetime_s)
    assert replaced.networks == RULES[3].limits.networks
    assert combined_with(RULES, "another", TokenPolicy(max_uses=1)).max_uses == 5


def test_whether_a_policy_had_a_part_is_known_by_its_name():
    assert names(RULES, "till")
    assert not names(RULES, "server")
