"""The rules that every authenticator keeps, and what is the card's own."""

import asyncio
import json

from admit_grid_card import CELLS, GridCard

from admit_server.authenticators.api import Rejected, StoredCredential, Verified
from admit_server.authenticators.conformance import PERSON, Conformance


class TestGridCard(Conformance):
    def make(self):
        return GridCard()

    async def right_to_enrol(self, ctx, challenge):
        return {"grid_card": challenge.public["facts"][CELLS[0]]}

    async def right(self, ctx, challenge, credentials):
        cell = challenge.state.decode()
        return {"grid_card": json.loads(credentials[0].data).get(cell, "000000")}

    def test_every_cell_is_asked_for_once_and_then_the_card_is_empty(self):
        async def use_it_up():
            ctx = self.context()
            (stored,) = await self.credentials(ctx)
            asked = []
            while GridCard().describe(stored)["left"]:
                challenge = await GridCard().begin(ctx, PERSON, (stored,))
                asked.append(challenge.state.decode())
                response = await self.right(ctx, challenge, (stored,))
                verdict = await GridCard().finish(ctx, challenge.state, response, (stored,))
                assert isinstance(verdict, Verified)
                data = verdict.credential_updates[0].data
                stored = StoredCredential(id=stored.id, data=data, version=stored.version + 1)
            assert sorted(asked) == sorted(CELLS[1:])

        asyncio.run(use_it_up())

    def test_the_number_of_another_cell_is_wrong(self):
        async def try_it():
            ctx = self.context()
            (stored,) = await self.credentials(ctx)
            card = json.loads(stored.data)
            challenge = await GridCard().begin(ctx, PERSON, (stored,))
            other = next(number for cell, number in card.items() if number != card[challenge.state.decode()])
            verdict = await GridCard().finish(ctx, challenge.state, {"grid_card": other}, (stored,))
            assert verdict == Rejected("wrong number")

        asyncio.run(try_it())
