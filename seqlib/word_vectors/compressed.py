"""Open a file of word vectors as a stream of bytes: plain, gzip, bzip2, or one member of a zip."""

import bz2
import contextlib
import gzip

from seqlib.files import FileError, opened_zip


@contextlib.contextmanager
def opened(path, member=None):
    """Open a file for reading; how it is packed is seen from its first bytes, not from its name."""
    with path.open("rb") as stream:
        start = stream.read(10)
        stream.seek(0)
        if start.startswith(b"PK\x03\x04"):
            with opened_zip(stream, path) as zipped, _member(path, zipped, member) as one:
                yield one
            return
        if member is not None:
            raise FileError(path, "", f"member is {member!r}, but this is no zip file.")
        if start.startswith(b"\x1f\x8b"):
            with gzip.open(stream) as unpacked:
                yield unpacked
        elif start.startswith(b"BZh") and start[4:] == b"1AY&SY":
            with bz2.open(stream) as unpacked:
                yield unpacked
        else:
            yield stream


def _member(path, zipped, member):
    """Open the member that is meant."""
    names = [info.filename for info in zipped.infolist() if not info.is_dir()]
    if member is None and len(names) == 1:
        return zipped.open(names[0])
    if member not in names:
        given = "no member was named" if member is None else f"member is {member!r}"
        raise FileError(path, "", f"{given}; member must be one of {', '.join(names)}.")
    return zipped.open(member)
