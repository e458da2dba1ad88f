"""Names of modules."""

import pytest
from house import names, tree


def test_no_module_has_a_name_that_says_nothing():
    ours = [tree.name_of(path) for path in tree.files() if path.suffix in (".py", ".js", ".ts", ".sh")]
    assert names.problems(ours) == []


@pytest.mark.parametrize("name", ["packages/a/utils.py", "packages/helpers/pkce.py", "src/_common.py", "web/base.js"])
def test_a_module_called_after_nothing_is_refused(name):
    assert names.problems([name])


def test_a_word_inside_a_name_is_fine():
    assert names.problems(["jose/base64url.py", "domain/shared_secret.py"]) == []
