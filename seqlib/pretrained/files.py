"""Where the files of a pretrained model are: in a folder, or fetched."""

from pathlib import Path

from seqlib import data
from seqlib.pretrained.errors import PretrainedError


def files(path=None):
    """Return the files of a pretrained model by name.

    Args:
        path: The folder that holds them; a dict from file name to path, as `seqlib.data.fetch`
            returns; or None for MiniLM, which is fetched where it is not there yet.

    Returns:
        Dict from file name to `pathlib.Path`.

    Raises:
        PretrainedError: There is no such folder.
        seqlib.data.DataError: MiniLM cannot be fetched.
    """
    if path is None:
        return data.fetch("minilm")
    if isinstance(path, dict):
        return {name: Path(file) for name, file in path.items()}
    folder = Path(path).expanduser()
    if not folder.is_dir():
        raise PretrainedError(
            path, "", "there is no such folder. Expected: a folder with model.safetensors."
        )
    return {file.name: file for file in sorted(folder.iterdir()) if file.is_file()}


def needed(found, name, path):
    """Return one of the files, or say that it is missing."""
    if name not in found:
        names = ", ".join(found) or "nothing"
        raise PretrainedError(path or "minilm", name, f"the file is missing; there is {names}.")
    return found[name]
