"""The targets of `make fuzz` hold for the inputs it begins with, so that they are still what they were when somebody runs it."""

import sys
from pathlib import Path

import pytest


@pytest.fixture
def fuzz(monkeypatch):
    monkeypatch.syspath_prepend(str(Path(__file__).parents[4] / "fuzz"))
    import seeds
    import targets

    yield seeds, targets
    for name in ("seeds", "targets"):
        del sys.modules[name]


def test_every_first_input_keeps_the_rules_and_every_target_is_fed(fuzz):
    seeds, targets = fuzz
    found = seeds.seeds()

    for seed in found:
        targets.one_input(seed)

    assert {seed[0] for seed in found} == set(range(len(targets.TARGETS)))
