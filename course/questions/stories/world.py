"""A world of people, places and things that tells what happens in it, and why it knows a fact."""

from typing import NamedTuple

PEOPLE = ("Alma", "Bruno", "Clara", "Dario")
PLACES = ("bakery", "garden", "harbour", "library", "museum", "station")
THINGS = ("apple", "lamp", "letter")

# Several wordings of each happening, so that no single word gives it away.
WORDINGS = {
    "move": (
        "{who} walked to the {what}.",
        "{who} went to the {what}.",
        "{who} hurried to the {what}.",
        "{who} cycled to the {what}.",
    ),
    "take": (
        "{who} took the {what} there.",
        "{who} picked up the {what} there.",
        "{who} found the {what} there.",
    ),
    "drop": (
        "{who} put down the {what}.",
        "{who} left the {what} there.",
        "{who} dropped the {what}.",
    ),
    "give": (
        "{who} handed the {what} to {whom}.",
        "{who} gave the {what} to {whom}.",
    ),
}


class Happening(NamedTuple):
    """What one sentence tells."""

    kind: str  # "move", "take", "drop" or "give"
    who: str
    what: str  # the place that is gone to, or else the thing
    whom: str | None = None  # who gets the thing, for "give"


class Stay(NamedTuple):
    """A place where a thing was, and the numbers of the sentences that say so."""

    place: str
    facts: frozenset


class World:
    """People who go from place to place, and take, drop and hand over things.

    It knows no more than its sentences tell: where a person is is known from the first move on, and
    where a thing is from the first time that somebody takes it.

    Example:
        >>> world = World()
        >>> world.move("Alma", "garden"), world.take("Alma", "lamp"), world.move("Alma", "museum")
        (0, 1, 2)
        >>> [(stay.place, sorted(stay.facts)) for stay in world.stays["lamp"]]
        [('garden', [0, 1]), ('museum', [1, 2])]
    """

    def __init__(self):
        self.happenings = []  # one for each sentence
        self.place, self.moved = {}, {}  # where a person is, and the sentence that says so
        self.hands = {person: [] for person in PEOPLE}  # the things that each carries
        self.touched = {person: [] for person in PEOPLE}  # sentences in which a thing came or went
        self.stays = {thing: [] for thing in THINGS}  # `Stay`s where each was
        self._carried = {}  # thing: the sentence since which somebody carries it

    def move(self, who, place):
        """Let a person go to another place, with all that the person carries."""
        number = self._tell(Happening("move", who, place))
        self.place[who], self.moved[who] = place, number
        for thing in self.hands[who]:
            self.stays[thing].append(Stay(place, frozenset({self._carried[thing], number})))
        return number

    def take(self, who, thing):
        """Let a person whose place is known take a thing."""
        number = self._tell(Happening("take", who, thing))
        self._comes(who, thing, number)
        if not self.stays[thing]:
            facts = frozenset({number, self.moved[who]})
            self.stays[thing].append(Stay(self.place[who], facts))
        return number

    def drop(self, who, thing):
        """Let a person put down what the person carries."""
        number = self._tell(Happening("drop", who, thing))
        self.hands[who].remove(thing)
        self.touched[who].append(number)
        return number

    def give(self, who, thing, whom):
        """Let a person hand what the person carries to another in the same place."""
        number = self._tell(Happening("give", who, thing, whom))
        self.hands[who].remove(thing)
        self.touched[who].append(number)
        self._comes(whom, thing, number)
        return number

    def happen(self, draw, kinds):
        """Let something happen that can; `kinds` holds the weight of each kind, "move" above 0."""
        options = {kind: getattr(self, f"_who_can_{kind}")() for kind in kinds}
        can_be = [kind for kind in kinds if options[kind]]
        (kind,) = draw.choices(can_be, [kinds[kind] for kind in can_be])
        chosen = draw.choice(options[kind])
        if kind == "move":
            place = draw.choice([place for place in PLACES if place != self.place.get(chosen)])
            self.move(chosen, place)
        else:
            getattr(self, kind)(*chosen)

    def _who_can_move(self):
        return PEOPLE

    def _who_can_take(self):
        held = [thing for things in self.hands.values() for thing in things]
        return [
            (who, thing)
            for thing in THINGS
            if thing not in held
            for who, place in self.place.items()
            if not self.stays[thing] or self.stays[thing][-1].place == place
        ]

    def _who_can_drop(self):
        return [(who, thing) for who, things in self.hands.items() for thing in things]

    def _who_can_give(self):
        return [
            (who, thing, whom)
            for who, thing in self._who_can_drop()
            for whom, place in self.place.items()
            if whom != who and place == self.place[who]
        ]

    def _comes(self, who, thing, number):
        self.hands[who].append(thing)
        self.touched[who].append(number)
        self._carried[thing] = number

    def _tell(self, happening):
        self.happenings.append(happening)
        return len(self.happenings) - 1


def told(happening, draw):
    """Return the sentence that tells of a happening, in a wording that is drawn."""
    return draw.choice(WORDINGS[happening.kind]).format(**happening._asdict())
