"""Fixtures for the tests of applications that Admit protects. Pytest finds them where `admit` is installed.

Nothing of `admit` is imported before a test asks for one of them.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from admit.testing import TestIssuer


@pytest.fixture
def admit_tokens() -> Iterator[TestIssuer]:
    """Good tokens and bad ones. `admit_tokens.protects(auth)` lets your application trust them until the test ends."""
    from admit.testing import TestIssuer

    tokens = TestIssuer()
    yield tokens
    tokens.restore()


@pytest.fixture
def assert_protected(admit_tokens: TestIssuer) -> Callable[..., Any]:
    """Attack a route: see `admit.testing.assert_protected`."""
    from functools import partial

    from admit.testing import assert_protected

    return partial(assert_protected, tokens=admit_tokens)
