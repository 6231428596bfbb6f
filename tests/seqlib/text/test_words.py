"""Words, numbers and marks: where a text is cut."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from seqlib.text import word_tokens

words = st.text(st.characters(categories=["L", "M"]), min_size=1)  # letters and combining marks


@pytest.mark.parametrize(
    ("given", "tokens"),
    [
        ("", []),
        ("  \n\t ", []),
        ("Well-known.", ["well", "-", "known", "."]),
        ("don't 'quote' it", ["don't", "'", "quote", "'", "it"]),
        ("the States\u2019 own", ["the", "states", "'", "own"]),
        ("nation\u2019s", ["nation's"]),
        ("$1,250.50, 1/2", ["$", "1,250.50", ",", "1", "/", "2"]),
        ("snake_case", ["snake", "_", "case"]),
        ("año Ça été", ["año", "ça", "été"]),
        ("cafe\u0301 \u0130stanbul", ["cafe\u0301", "i\u0307stanbul"]),  # accents set beside
        ("हिन्दी भाषा", ["हिन्दी", "भाषा"]),
        ("مُحَمَّد כָּתַב", ["مُحَمَّد", "כָּתַב"]),
        ("می\u200cخواهم", ["می\u200cخواهم"]),  # joined without a join
    ],
)
def test_word_tokens(given, tokens):
    assert word_tokens(given) == tokens


@given(st.lists(words))
def test_words_of_every_script_stay_whole(words):
    assert word_tokens(" ".join(words), lower=False) == words


def test_word_tokens_lose_nothing_but_white_space_and_refuse_what_is_no_string():
    line = "Mr. Speaker: 3 of 4 – “half” of ½ (or so), isn't it_?"
    assert "".join(word_tokens(line, lower=False)) == "".join(line.split())
    with pytest.raises(TypeError, match="got list"):
        word_tokens(["a"])
