import keras
import numpy as np
import pytest
from IPython.core.interactiveshell import InteractiveShell

from course.checks import Check, CheckFailed, Unfinished, exercise

HINT = "Add them."


def total(learner):
    return Check("total", learner, HINT)


def judge(got, expected, **options):
    """Check a learner's function that returns `got` whatever it is given."""
    total(lambda *_: got).case(expected=expected, **options)


@pytest.mark.parametrize("value", [None, ..., (1, None), [..., 2], ((None,), 1)])
def test_missing_answer_is_unfinished_and_gives_the_hint(value):
    with pytest.raises(Unfinished, match=r"(?s)total has no answer yet.*Hint: Add them\."):
        judge(value, 1)
    with pytest.raises(Unfinished):
        judge(value, 1, read=np.sum)


@pytest.mark.parametrize("value", [(1, 2, 3), 5, np.ones(2)])
def test_number_of_values_is_checked(value):
    assert total(lambda: (1, 2)).run(count=2) == (1, 2)
    with pytest.raises(CheckFailed, match="expected 2 values"):
        total(lambda: value).run(count=2)
    with pytest.raises(CheckFailed, match="expected 2 values"):
        judge(value, (1, 2))


@pytest.mark.parametrize(
    ("got", "expected"),
    [
        *((1, 1), (1.0, 1), (np.float32(0.1), 0.1), (1e9 + 1e-3, 1e9), (np.True_, True)),
        *(("abc", "abc"), (["a", "b"], ["a", "b"]), ([1, 2], np.array([1, 2]))),
        (np.ones((2, 3), "float32"), np.ones((2, 3))),
        (np.array([-np.inf, 1.0]), np.array([-np.inf, 1.0])),
        ([np.ones(2), "x"], (np.ones(2), "x")),
        *(({"w": np.ones(2)}, {"w": np.ones(2)}), ([[1], [1, 2]], [[1], [1, 2]])),
        *((keras.ops.ones(2), np.ones(2)), (keras.ops.ones(2), keras.ops.ones(2))),
    ],
)
def test_right_answers_pass(got, expected):
    judge(got, expected)


@pytest.mark.parametrize(
    ("got", "expected", "said"),
    [
        (2, 1, "given 2; expected 1"),
        (1.01, 1.0, "given 1.01; expected 1"),
        (np.ones((3, 2)), np.ones((2, 3)), r"shape \(3, 2\); expected shape \(2, 3\)"),
        (np.array([1.0, np.nan]), np.ones(2), "not finite"),
        (np.array([1.0, np.inf]), np.ones(2), "not finite"),
        (np.array([1.0, 2.0]), np.ones(2), r"given 2 at \[1\] \(1 of 2 values differ\)"),
        (np.array([1.0, 2.0]), np.ones(2), r"In full: given \[1\., 2\.\]; expected \[1\., 1\.\]"),
        (np.array([0.0, 1.0]), np.array([-np.inf, 1.0]), "expected -inf"),
        ("abd", "abc", "given 'abd'; expected 'abc'"),
        (False, True, "given False; expected True"),
        (np.ones(2, int), np.ones(2, bool), "type int64; expected booleans"),
        (["a"], ["a", "b"], r"1 value; expected 2 values.\n  In full: given \['a'\]"),
        ((np.ones(2), np.zeros(2)), (np.ones(2), np.ones(2)), r"total\[1\]: given 0"),
        ({"v": 1}, {"w": 1}, r"keys \['v'\]; expected the keys \['w'\]"),
        ({"w": 2}, {"w": 1}, r"\['w'\]: given 2"),
        ("abc", 1.0, "str 'abc'; expected float"),
        (object(), np.ones(2), r"given object; expected ndarray of shape \(2,\)"),
        ([1, 2, 3], [1, 2], r"shape \(3,\)"),
        (10**9 + 1, 10**9, "given 1000000001"),
        (np.array(["a"]), "a", "given array"),
    ],
)
def test_wrong_answers_say_what_was_given_what_is_expected_and_the_hint(got, expected, said):
    with pytest.raises(CheckFailed, match=said) as caught:
        judge(got, expected)
    assert str(caught.value).endswith("Hint: Add them.")
    assert not isinstance(caught.value, Unfinished)


def test_a_message_shows_short_arguments():
    check = total(lambda a, b: 0)
    with pytest.raises(CheckFailed, match=r"total\(\[1, 2\], 'x'\): given 0; expected 3"):
        check.case(np.array([1, 2]), "x", expected=3)
    with pytest.raises(CheckFailed, match=r"total\(\.\.\., None\): given 0"):
        check.case(np.ones(100), None, expected=3)
    with pytest.raises(CheckFailed, match="total: given 0"):
        check.case(len, np.ones(100), expected=3)
    with pytest.raises(CheckFailed, match="total of two: given 0"):
        check.case(1, 2, expected=3, label=" of two")


def test_a_known_mistake_and_a_case_have_hints_of_their_own_and_tolerance_counts():
    mistakes = [(7, "Seven."), (6, "This is the product.")]
    with pytest.raises(CheckFailed, match=r"Hint: This is the product\."):
        total(lambda a, b: a * b).case(2, 3, expected=5, mistakes=mistakes)
    with pytest.raises(CheckFailed, match=r"Hint: Add them\."):
        total(lambda a, b: a - b).case(2, 3, expected=5, mistakes=mistakes)
    with pytest.raises(CheckFailed, match=r"Hint: No overflow\."):
        judge(1, 2, mistakes=mistakes, hint="No overflow.")
    judge(1.01, 1.0, tolerance=0.02)
    with pytest.raises(CheckFailed):
        judge(1.03, 1.0, tolerance=0.02)


def test_arguments_are_handed_over_as_copies():
    array, rows = np.ones(2), [np.ones(2)]

    def learner(array, rows):
        array += 1
        rows[0] += 1
        return array + rows[0]

    total(learner).case(array, rows, expected=np.full(2, 4.0))
    assert array[0] == rows[0][0] == 1


def test_error_in_the_learners_code_becomes_a_failed_check_that_names_the_line():
    def learner():
        return np.linalg.inv(np.zeros((2, 3)))

    with pytest.raises(CheckFailed, match=r"raised LinAlgError.*line \d+ of learner: ") as caught:
        total(learner).run()
    assert "Hint: Add them." in str(caught.value)
    assert isinstance(caught.value.__cause__, np.linalg.LinAlgError)
    with pytest.raises(CheckFailed, match="raised ValueError"):
        judge("abc", 1, read=int)
    with pytest.raises(CheckFailed, match=r"total raised TypeError: .* takes 0"):
        total(lambda: 1).run(2)


def test_a_learner_sees_the_message_without_a_traceback(capsys):
    InteractiveShell().run_cell("from course.checks import CheckFailed\nraise CheckFailed('no')")
    assert capsys.readouterr().out.strip() == "✗ no"


def test_an_exercise_is_named_like_its_function_and_says_what_passed(capsys):
    @exercise(HINT)
    def three_sums(check):
        """Check sums."""
        check.case(1, 2, expected=3)
        check.passed("a sum")

    three_sums(lambda a, b: a + b)
    assert capsys.readouterr().out == "✓ three_sums: a sum\n"
    with pytest.raises(CheckFailed, match=r"three_sums\(1, 2\).*\n.*Add them"):
        three_sums(lambda a, b: a)
    assert (three_sums.__name__, three_sums.__doc__) == ("three_sums", "Check sums.")
