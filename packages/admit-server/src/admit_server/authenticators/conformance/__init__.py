"""Tests that any authenticator can run against itself.

In a test file, derive from `Conformance`, say how the thing is made and what a right response is, and let pytest run it:

    class TestGridCard(Conformance):
        def make(self):
            return GridCard()

        async def right_to_enrol(self, ctx, challenge):
            return {"grid_card": challenge.public["cell"]}

        async def right(self, ctx, challenge, credentials):
            return {"grid_card": json.loads(credentials[0].data)[challenge.public["cell"]]}

Each rule is one test, and says in words what is wrong. They need no plugin of pytest. Whether a proof proves anything, they can't see.
"""

from .rules import Conformance, must
from .surroundings import NOW, PERSON, Work, context

__all__ = ["NOW", "PERSON", "Conformance", "Work", "context", "must"]
