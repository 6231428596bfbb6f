import keras
import numpy as np
import pytest

from course.checks import CheckFailed, Unfinished, answered, attempt, compare, passed

HINT = "Add them."


@pytest.mark.parametrize("value", [None, ..., (1, None), [..., 2]])
def test_missing_answer_is_unfinished_and_gives_the_hint(value):
    with pytest.raises(Unfinished, match="total has no answer yet") as caught:
        answered("total", value, HINT)
    assert "Hint: Add them." in str(caught.value)


def test_number_of_values_is_checked():
    assert answered("pair", (1, 2), HINT, count=2) == (1, 2)
    for value in ((1, 2, 3), 5, np.ones(2)):
        with pytest.raises(CheckFailed, match="expected 2 values"):
            answered("pair", value, HINT, count=2)


@pytest.mark.parametrize(
    ("got", "expected"),
    [
        (1, 1),
        (1.0, 1),
        (np.float32(0.1), 0.1),
        ([1, 2], np.array([1, 2])),
        (np.ones((2, 3), "float32"), np.ones((2, 3))),
        (np.array([-np.inf, 1.0]), np.array([-np.inf, 1.0])),
        ("abc", "abc"),
        (["a", "b"], ["a", "b"]),
        ((np.ones(2), "x"), (np.ones(2), "x")),
        ({"w": np.ones(2)}, {"w": np.ones(2)}),
        ([[1], [1, 2]], [[1], [1, 2]]),
        (1e9 + 1e-3, 1e9),
    ],
)
def test_right_answers_pass(got, expected):
    compare("answer", got, expected, HINT)


@pytest.mark.parametrize(
    ("got", "expected", "said"),
    [
        (2, 1, "given 2; expected 1"),
        (1.01, 1.0, "given 1.01; expected 1"),
        (np.ones((3, 2)), np.ones((2, 3)), r"shape \(3, 2\); expected shape \(2, 3\)"),
        (np.array([1.0, np.nan]), np.ones(2), "not finite"),
        (np.array([1.0, np.inf]), np.ones(2), "not finite"),
        (np.array([1.0, 2.0]), np.ones(2), r"given 2 at \[1\] \(1 of 2 values differ\)"),
        (np.array([0.0, 1.0]), np.array([-np.inf, 1.0]), "expected -inf"),
        ("abd", "abc", "given 'abd'; expected 'abc'"),
        (["a"], ["a", "b"], "1 values; expected 2 values"),
        ((np.ones(2), np.zeros(2)), (np.ones(2), np.ones(2)), r"answer\[1\]: given 0"),
        ({"v": 1}, {"w": 1}, r"keys \['v'\]; expected the keys \['w'\]"),
        ({"w": 2}, {"w": 1}, r"answer\['w'\]: given 2"),
        ("abc", 1.0, "str 'abc'; expected float"),
        (object(), np.ones(2), r"given object; expected ndarray of shape \(2,\)"),
        ([1, 2, 3], [1, 2], r"shape \(3,\)"),
        (10**9 + 1, 10**9, "given 1000000001"),
    ],
)
def test_wrong_answers_say_what_was_given_what_is_expected_and_the_hint(got, expected, said):
    with pytest.raises(CheckFailed, match=said) as caught:
        compare("answer", got, expected, HINT)
    assert str(caught.value).endswith("Hint: Add them.")


def test_tensors_are_compared_and_tolerance_counts():
    compare("answer", keras.ops.ones((2,)), np.ones(2), HINT)
    compare("answer", keras.ops.ones((2,)), keras.ops.ones((2,)), HINT)
    compare("answer", 1.01, 1.0, HINT, tolerance=0.02)
    with pytest.raises(CheckFailed):
        compare("answer", 1.03, 1.0, HINT, tolerance=0.02)


def test_error_in_the_learners_code_becomes_a_failed_check_that_names_the_line():
    def learner():
        missing = None
        return missing + 1

    said = r"TypeError.*line \d+ of learner"
    with pytest.raises(CheckFailed, match=said) as caught, attempt("total", HINT):
        learner()
    assert "Hint: Add them." in str(caught.value)
    assert isinstance(caught.value.__cause__, TypeError)


def test_attempt_leaves_a_failed_check_as_it_is():
    with pytest.raises(Unfinished), attempt("total", HINT):
        answered("total", None, HINT)


def test_learner_sees_the_message_without_a_traceback():
    assert CheckFailed("wrong")._render_traceback_() == ["✗ wrong"]


def test_passed_prints_one_line(capsys):
    passed("total", "three sums")
    assert capsys.readouterr().out == "✓ total: three sums\n"
