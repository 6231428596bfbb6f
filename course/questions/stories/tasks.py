"""The six tasks: stories, each with a question, its answer, and the sentences that say so.

They are in the manner of the bAbI tasks 1, 2, 3, 4, 6 and 7, with words and worlds of their own.
Where several facts are needed the stories are shorter than the originals, so that a figure
measured here stands beside a published one without being the same measurement.
"""

import itertools
import random
from typing import NamedTuple

from course.questions.stories.world import PLACES, Happening, World, told


class Story(NamedTuple):
    """A story and a question about it."""

    sentences: tuple  # what happens, strings
    question: str
    answer: str  # one word
    support: tuple  # numbers of the sentences from which the answer follows, in order
    meaning: tuple  # equal for two stories that differ in their verbs alone


class Task(NamedTuple):
    """A kind of story."""

    title: str  # what it asks of a reader
    babi: int  # number of the bAbI task that it is like
    lstm: float  # accuracy published for an LSTM on that task, with 1,000 training questions
    answers: tuple  # all of them, each as frequent as the others
    tell: callable  # (`random.Random`, answer) -> a `Story`, or None where it drew none with it


class _Question(NamedTuple):
    wording: str
    about: tuple
    answer: str
    support: frozenset


def draw_stories(task, number, seed):
    """Draw stories of a task in `TASKS`, a list of `Story`.

    No two have the same meaning, so that parts cut from the list share none, and each answer is as
    frequent as the others. The same seed gives the same stories, and the first stories of a longer
    list are those of a shorter one.

    Example:
        >>> (story,) = draw_stories("two facts", 1, seed=49)
        >>> story.sentences[:2]
        ('Dario cycled to the harbour.', 'Alma hurried to the garden.')
        >>> story.sentences[2], story.question, story.answer, story.support
        ('Alma found the apple there.', 'Where is the apple?', 'garden', (1, 2))
    """
    if task not in TASKS:
        raise ValueError(f"task got {task!r}. Allowed: {', '.join(map(repr, TASKS))}.")
    if not isinstance(number, int) or number < 1:
        raise ValueError(f"number must be a positive integer, got {number!r}.")
    answers, tell = TASKS[task].answers, TASKS[task].tell
    draw = random.Random(f"{task} {seed}")
    found, known, wanted = [], set(), []
    while len(found) < number:
        wanted = wanted or draw.sample(answers, len(answers))
        story = tell(draw, wanted[-1])
        if story is not None and story.meaning not in known:
            known.add(story.meaning)
            found.append(story)
            wanted.pop()
    return found


def _one_fact(draw, answer):
    world = _world(draw, draw.randint(2, 10), {"move": 1})
    questions = [
        _Question("Where is {}?", (who,), place, frozenset({world.moved[who]}))
        for who, place in world.place.items()
    ]
    return _asked(draw, world, questions, answer)


def _two_facts(draw, answer):
    world = _world(draw, draw.randint(3, 12), {"move": 3, "take": 2, "drop": 1})
    questions = [
        _Question("Where is the {}?", (thing,), stays[-1].place, stays[-1].facts)
        for thing, stays in world.stays.items()
        if stays
    ]
    return _asked(draw, world, questions, answer)


def _three_facts(draw, answer):
    world = _world(draw, draw.randint(4, 14), {"move": 3, "take": 2, "drop": 1})
    questions = []
    for thing, stays in world.stays.items():
        places = [stay.place for stay in stays]
        for before, now in itertools.pairwise(stays):
            facts = before.facts | now.facts
            if places.count(now.place) == 1 and len(facts) == 3:  # else it could mean two times
                wording = "Where was the {} before the {}?"
                questions.append(_Question(wording, (thing, now.place), before.place, facts))
    return _asked(draw, world, questions, answer)


_OPPOSITE = {"north": "south", "south": "north", "east": "west", "west": "east"}


def _two_arguments(draw, answer):
    middle, other = draw.sample([place for place in PLACES if place != answer], 2)
    side, *others = draw.sample(tuple(_OPPOSITE), 2)  # where they lie, seen from the middle
    sentences = []
    for place, way in ((answer, side), (other, others[0])):
        one, way, another = draw.choice([(place, way, middle), (middle, _OPPOSITE[way], place)])
        sentences.append(f"The {one} is {way} of the {another}.")
    question = draw.choice(
        [f"What is {side} of the {middle}?", f"What is the {middle} {_OPPOSITE[side]} of?"]
    )
    first = draw.randrange(2)
    order = (sentences[first], sentences[1 - first])
    return Story(order, question, answer, (first,), (order, question))


def _yes_or_no(draw, answer):
    world = _world(draw, draw.randint(2, 10), {"move": 4, "take": 1, "drop": 1})
    mentioned = {event.what for event in world.happenings if event.kind == "move"}
    questions = []
    for who, place in world.place.items():
        others = sorted(mentioned - {place})  # a place that nobody was in would give itself away
        for asked in [place, *others] if others else []:
            truth, support = "yes" if asked == place else "no", frozenset({world.moved[who]})
            questions.append(_Question("Is {} in the {}?", (who, asked), truth, support))
    return _asked(draw, world, questions, answer)


_NUMBERS = ("none", "one", "two", "three")


def _counting(draw, answer):
    world = _world(draw, draw.randint(4, 12), {"move": 2, "take": 4, "drop": 2, "give": 2})
    questions = [
        _Question(
            "How many things is {} carrying?",
            (who,),
            _NUMBERS[len(world.hands[who])],
            frozenset(world.touched[who]),
        )
        for who in world.place
        if world.touched[who]  # else "none" would be where a name is missing
    ]
    return _asked(draw, world, questions, answer)


def _world(draw, length, kinds):
    """Return a world in which so much has happened."""
    world = World()
    for _ in range(length):
        world.happen(draw, kinds)
    return world


def _asked(draw, world, questions, answer):
    """Return the story of a world with a question that has this answer, or None."""
    names = {}
    if answer not in PLACES:
        questions = [question for question in questions if question.answer == answer]
    if not questions:
        return None
    chosen = draw.choice(questions)
    if answer in PLACES:  # places differ by their names alone: the two change theirs
        names = {chosen.answer: answer, answer: chosen.answer}
    happenings = [
        Happening(*[names.get(word, word) for word in happening]) for happening in world.happenings
    ]
    about = [names.get(word, word) for word in chosen.about]
    return Story(
        tuple(told(happening, draw) for happening in happenings),
        chosen.wording.format(*about),
        answer,
        tuple(sorted(chosen.support)),
        (*happenings, *about),
    )


TASKS = {
    "one fact": Task("One supporting fact", 1, 0.50, PLACES, _one_fact),
    "two facts": Task("Two supporting facts", 2, 0.20, PLACES, _two_facts),
    "three facts": Task("Three supporting facts", 3, 0.20, PLACES, _three_facts),
    "two arguments": Task("Two-argument relations", 4, 0.61, PLACES, _two_arguments),
    "yes or no": Task("Yes or no", 6, 0.48, ("yes", "no"), _yes_or_no),
    "counting": Task("Counting", 7, 0.49, _NUMBERS, _counting),
}
