"""Stories of the six tasks: what is asked follows from what is told, by a solver of its own.

The solver reads the sentences alone, by rules that share nothing with the world that told them.
"""

import itertools
import re
from collections import Counter

import pytest

from course.questions.stories.tasks import TASKS, draw_stories

NUMBER = 400
OPPOSITE = {"north": "south", "south": "north", "east": "west", "west": "east"}
NUMBERS = ["none", "one", "two", "three"]


class Reader:
    """Read sentences one by one, and keep who is where, who holds what, and where things were.

    Of a whole story it also holds that nobody takes or gives what another has.
    """

    def __init__(self, sentences, whole=True):
        self.whole = whole
        self.at, self.holder, self.been, self.lies = {}, {}, {}, []
        for sentence in sentences:
            self.read(sentence)

    def read(self, sentence):
        if found := re.fullmatch(r"The (\w+) is (\w+) of the (\w+)\.", sentence):
            self.lies.append(found.groups())
        elif found := re.fullmatch(
            r"(\w+) (?:walked|went|hurried|cycled) to the (\w+)\.", sentence
        ):
            who, place = found.groups()
            self.at[who] = place
            for thing, holder in self.holder.items():
                if holder == who:
                    self.been[thing].append(place)
        elif found := re.fullmatch(r"(\w+) (?:took|picked up|found) the (\w+) there\.", sentence):
            who, thing = found.groups()
            assert not self.whole or self.holder.get(thing) is None
            been = self.been.setdefault(thing, [])
            if who in self.at and been[-1:] != [self.at[who]]:
                been.append(self.at[who])
            self.holder[thing] = who
        elif found := re.fullmatch(
            r"(\w+) (?:put down the (\w+)|dropped the (\w+)|left the (\w+) there)\.", sentence
        ):
            who, *things = found.groups()
            (thing,) = filter(None, things)
            assert not self.whole or self.holder.get(thing) == who
            self.holder[thing] = None
        else:
            found = re.fullmatch(r"(\w+) (?:handed|gave) the (\w+) to (\w+)\.", sentence)
            who, thing, whom = found.groups()
            assert not self.whole or self.holder.get(thing) == who
            self.holder[thing] = whom

    def answers(self, question):
        """Return all answers that a question has."""
        if found := re.fullmatch(r"Where is (\w+)\?", question):
            return {self.at[found[1]]}
        if found := re.fullmatch(r"Where is the (\w+)\?", question):
            return {self.been[found[1]][-1]}
        if found := re.fullmatch(r"Where was the (\w+) before the (\w+)\?", question):
            been = self.been[found[1]]
            return {before for before, now in itertools.pairwise(been) if now == found[2]}
        if found := re.fullmatch(r"Is (\w+) in the (\w+)\?", question):
            return {"yes" if self.at[found[1]] == found[2] else "no"}
        if found := re.fullmatch(r"How many things is (\w+) carrying\?", question):
            return {NUMBERS[sum(holder == found[1] for holder in self.holder.values())]}
        seen = [*self.lies, *((b, OPPOSITE[way], a) for a, way, b in self.lies)]
        if found := re.fullmatch(r"What is (\w+) of the (\w+)\?", question):
            return {a for a, way, b in seen if (way, b) == found.groups()}
        found = re.fullmatch(r"What is the (\w+) (\w+) of\?", question)
        return {b for a, way, b in seen if (a, way) == found.groups()}


@pytest.fixture(scope="module", params=list(TASKS))
def drawn(request):
    return request.param, draw_stories(request.param, NUMBER, seed=11)


def test_the_answer_follows_from_the_story_and_from_its_support_alone(drawn):
    _, stories = drawn
    for story in stories:
        assert Reader(story.sentences).answers(story.question) == {story.answer}
        told = [story.sentences[number] for number in story.support]
        assert Reader(told, whole=False).answers(story.question) == {story.answer}


def test_no_supporting_sentence_can_be_missed(drawn):
    task, stories = drawn
    if task in ("yes or no", "counting"):
        return  # there, another answer may be right by chance
    for story in stories:
        for number in story.support:
            support = [story.sentences[n] for n in story.support if n != number]
            try:
                found = Reader(support, whole=False).answers(story.question)
            except (KeyError, IndexError):
                continue
            assert found != {story.answer}


def test_as_many_facts_as_the_title_says(drawn):
    task, stories = drawn
    counts = {len(story.support) for story in stories}
    if task == "counting":
        assert len(counts) > 2
    else:
        assert counts == {{"two facts": 2, "three facts": 3}.get(task, 1)}
    for story in stories:
        assert list(story.support) == sorted(set(story.support))
        assert 0 <= story.support[0] <= story.support[-1] < len(story.sentences)


def test_answers_are_balanced_and_no_story_is_there_twice(drawn):
    task, stories = drawn
    counts = Counter(story.answer for story in stories)
    assert set(counts) == set(TASKS[task].answers)
    assert max(counts.values()) - min(counts.values()) <= 1
    assert len({story.meaning for story in stories}) == NUMBER
    assert len({(story.sentences, story.question) for story in stories}) == NUMBER


def test_the_seed_is_all_that_counts(drawn):
    task, stories = drawn
    assert draw_stories(task, 50, seed=11) == stories[:50]
    assert draw_stories(task, 50, seed=12) != stories[:50]


def test_a_word_of_the_question_does_not_give_the_answer_away(drawn):
    task, stories = drawn
    if task == "two arguments":
        return  # there, the question names the places beside the answer
    by_question = {}
    for story in stories:
        by_question.setdefault(story.question, Counter())[story.answer] += 1
    most = sum(counts.most_common(1)[0][1] for counts in by_question.values())
    assert most < (0.75 if task == "yes or no" else 0.6) * NUMBER


def test_meaning_leaves_wording_out_and_what_is_wrong_is_said():
    stories = draw_stories("one fact", NUMBER, seed=11)
    verbs = {story.sentences[0].split()[1] for story in stories}
    assert verbs == {"walked", "went", "hurried", "cycled"}
    assert not any(verb in str(story.meaning) for story in stories for verb in verbs)
    with pytest.raises(ValueError, match=r"task got 'four facts'\. Allowed: 'one fact', 'two"):
        draw_stories("four facts", 1, seed=0)
    with pytest.raises(ValueError, match="number must be a positive integer, got 0"):
        draw_stories("one fact", 0, seed=0)
