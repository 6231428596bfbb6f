import numpy as np
import pytest

from course.checks import CheckFailed, Unfinished, start_here


def test_the_right_answer_passes(capsys):
    start_here.sigmoid(lambda x: 0.5 * (1 + np.tanh(x / 2)))
    assert "✓ sigmoid" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        (lambda x: np.tanh(x), "expected"),
        (lambda x: 0.5 * (1 + np.tanh(x)), "expected"),
        (lambda x: 1 / (1 + np.exp(-x)), "overflow"),
        (lambda x: x[0], "shape"),
    ],
)
def test_a_wrong_answer_fails_with_the_hint(answer, message):
    with pytest.raises(CheckFailed, match=message) as failure:
        start_here.sigmoid(answer)
    assert "Hint" in str(failure.value)


def test_no_answer_is_unfinished():
    with pytest.raises(Unfinished):
        start_here.sigmoid(lambda x: None)
