"""Where the files of a pretrained model are: in a folder, or fetched."""

from pathlib import Path

from seqlib import data
from seqlib.files import FileError


def model_files(path=None):
    """Return the files of a model by name: of a folder, of a dict, or of MiniLM for None."""
    if path is None:
        return data.fetch("minilm")
    if isinstance(path, dict):
        return {name: Path(file) for name, file in path.items()}
    folder = Path(path).expanduser()
    if not folder.is_dir():
        raise FileError(
            path, "", "there is no such folder. Expected: a folder with model.safetensors."
        )
    return {file.name: file for file in sorted(folder.iterdir()) if file.is_file()}


def required_file(files, name, path):
    """Return one of the files, or say that it is missing."""
    if name not in files:
        names = ", ".join(files) or "nothing"
        raise FileError(path or "minilm", name, f"the file is missing; there is {names}.")
    return files[name]
