"""Module sizes."""

import pytest
from house import sizes, tree


def test_every_module_is_small_or_says_why_not():
    lines_of = {tree.name_of(path): len((tree.text_of(path) or "").splitlines()) for path in tree.sources()}
    found = sizes.problems(lines_of, allowed=sizes.ALLOWED)
    assert not found, "\n".join(found)


@pytest.mark.parametrize(
    ("lines", "allowed"),
    [
        (401, {"long.py": "it is long because it is long"}),
        (251, {}),
        (251, {"long.py": " "}),
        (250, {"long.py": "a reason that has gone"}),
    ],
)
def test_a_module_that_is_too_long_or_listed_without_need_is_refused(lines, allowed):
    assert sizes.problems({"long.py": lines}, allowed=allowed)


def test_a_module_over_the_soft_limit_may_give_its_reason():
    assert sizes.problems({"long.py": 400}, allowed={"long.py": "one table of rows"}) == []
