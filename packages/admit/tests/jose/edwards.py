"""Points of the two Edwards curves in plain numbers (RFC 8032 sections 5.1 and 5.2), to make the odd ones that tests need."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Curve:
    """a * x^2 + y^2 = 1 + d * x^2 * y^2 over the field of p."""

    p: int
    a: int
    d: int
    order: int
    octets: int
    base: tuple[int, int]

    def add(self, one, two):
        (x1, y1), (x2, y2), p = one, two, self.p
        product = self.d * x1 * x2 * y1 * y2 % p
        x = (x1 * y2 + x2 * y1) * pow(1 + product, -1, p) % p
        return x, (y1 * y2 - self.a * x1 * x2) * pow(1 - product, -1, p) % p

    def times(self, factor, point):
        total = (0, 1)
        while factor:
            if factor & 1:
                total = self.add(total, point)
            point = self.add(point, point)
            factor >>= 1
        return total

    def encode(self, point):
        x, y = point
        return (y | (x & 1) << (self.octets * 8 - 1)).to_bytes(self.octets, "little")

    def on_curve(self, point):
        x, y = point
        return (self.a * x * x + y * y - 1 - self.d * x * x * y * y) % self.p == 0

    def lift(self, y):
        """Return a point with this y, or None."""
        u, v = (y * y - 1) % self.p, (self.d * y * y - self.a) % self.p
        square = u * pow(v, -1, self.p) % self.p
        if self.p % 4 == 3:
            x = pow(square, (self.p + 1) // 4, self.p)
        else:
            x = pow(square, (self.p + 3) // 8, self.p)
            if x * x % self.p != square:
                x = x * pow(2, (self.p - 1) // 4, self.p) % self.p
        return (x, y) if x * x % self.p == square else None

    def small(self, count):
        """Return the points whose order divides the cofactor, of which there are `count`: multiples by the order of the base point."""
        found = {(0, 1)}
        y = 2
        while len(found) < count:
            if (point := self.lift(y)) is not None:
                found.add(self.times(self.order, point))
                found |= {self.add(one, two) for one in found for two in found}
            y += 1
        return found


P25519 = 2**255 - 19
ED25519 = Curve(
    p=P25519,
    a=-1,
    d=-121665 * pow(121666, -1, P25519) % P25519,
    order=2**252 + 27742317777372353535851937790883648493,
    octets=32,
    base=(
        15112221349535400772501151409588531511454012693041857206046113283949847762202,
        46316835694926478169428394003475163141307993866256225615783033603165251855960,
    ),
)
P448 = 2**448 - 2**224 - 1
ED448 = Curve(
    p=P448,
    a=1,
    d=-39081 % P448,
    order=2**446 - 13818066809895115352007386748515426880336692474882178609894547503885,
    octets=57,
    base=(
        224580040295924300187604334099896036246789641632564134246125461686950415467406032909029192869357953282578032075146446173674602635247710,
        298819210078481492676017930443930673437544040154080242095928241372331506189835876003536878655418784733982303233503462500531545062832660,
    ),
)
CURVES = {"Ed25519": ED25519, "Ed448": ED448}
