"""What can be wrong with the files of a pretrained model."""

from seqlib.files import FileError


class PretrainedError(FileError):
    """A file of a pretrained model is not what it should be; the message says where and how."""
