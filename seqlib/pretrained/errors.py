"""What can be wrong with the files of a pretrained model."""


class PretrainedError(ValueError):
    """A file of a pretrained model is not what it should be; the message says where and how.

    Args:
        path: The file or folder.
        place: Where in it, such as the name of a tensor; empty for the whole.
        problem: What is wrong there, and what is expected.

    Example:
        >>> print(PretrainedError("config.json", "hidden_size", "got 'big'. Expected: an integer."))
        config.json, hidden_size: got 'big'. Expected: an integer.
    """

    def __init__(self, path, place, problem):
        super().__init__(f"{path}, {place}: {problem}" if place else f"{path}: {problem}")
