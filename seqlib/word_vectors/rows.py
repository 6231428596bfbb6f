"""Where the vectors go while a file is read: into an array that grows, or into a NumPy file."""

import numpy as np


class InMemory:
    """Rows in an array that grows by an eighth at a time, so that little is allocated in vain."""

    def __init__(self):
        self._array, self.count = None, 0

    def append(self, block):
        """Add rows.

        Args:
            block: Array (rows, dimension) of float32.
        """
        end = self.count + len(block)
        if self._array is None:
            self._array = np.empty(block.shape, np.float32)
        if end > len(self._array):
            room = max(end, len(self._array) + len(self._array) // 8)
            self._array.resize((room, block.shape[1]), refcheck=False)
        self._array[self.count : end] = block
        self.count = end

    def finish(self):
        """Return all rows, an array (count, dimension)."""
        self._array.resize((self.count, self._array.shape[1]), refcheck=False)
        return self._array


class InFile:
    """Rows written to a ``.npy`` file as they come: none of them stays in memory.

    NumPy leaves room in the header of its files for a first axis that grows, so the header is
    written at the start with no rows, and again at the end with their number.

    Args:
        path: The file, made anew.
    """

    def __init__(self, path):
        self._stream, self._dimension, self.count = path.open("wb"), 0, 0

    def append(self, block):
        """Add rows; see `InMemory`."""
        if not self.count:
            self._dimension = block.shape[1]
            self._header()
        self._stream.write(np.ascontiguousarray(block, "<f4").data)
        self.count += len(block)

    def finish(self):
        """Write the number of rows into the header."""
        length = self._stream.tell()
        self._stream.seek(0)
        self._header()
        self._stream.seek(length)
        self.close()

    def close(self):
        """Close the file, finished or not."""
        self._stream.close()

    def _header(self):
        shape = (self.count, self._dimension)
        header = {"descr": "<f4", "fortran_order": False, "shape": shape}
        np.lib.format.write_array_header_1_0(self._stream, header)
