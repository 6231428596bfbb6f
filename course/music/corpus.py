"""Works of music21's own corpus, read once and kept as one file of plain arrays."""

import importlib.metadata
import json
import zipfile
import zlib

import numpy as np
from tqdm import tqdm

from course.music import scores
from seqlib.data import cache, cards
from seqlib.data.errors import DataError
from seqlib.files import whole_file

FORMAT = 2  # of the kept file; to be raised when what is taken from a score changes


def _four_parts(piece):
    return len(piece.parts) == 4


def _anything(piece):
    return True


# Data set -> folder of the corpus, and which of its works are meant.
FOLDERS = {"bach_chorales": ("bach", _four_parts), "ryans_mammoth": ("ryansMammoth", _anything)}


def load(card):
    """Return the works of a data set, reading the scores the first time.

    Args:
        card: The ``schema.Card`` of one of `FOLDERS`.

    Returns:
        List of `scores.Piece`, by file name.

    Raises:
        DataError: music21 is not installed, or came without its corpus.
    """
    kept = cache.made_once(card, _file(card), lambda path: save(path, _read_corpus(card)))
    return restore(kept)


def load_corpus(name):
    """Return the works of a data set of music, reading the scores of music21's corpus once.

    Args:
        name: ``"bach_chorales"``, 368 pieces of four parts, or ``"ryans_mammoth"``, 1,059 of one.

    Returns:
        List of `scores.Piece`, by file name.

    Raises:
        DataError: There is no such data set, or music21 came without its corpus.
    """
    card = cards.card(name)
    if name not in FOLDERS:
        raise DataError(f"{name!r} is no music. Allowed: {', '.join(FOLDERS)}.")
    if card.notice():
        print(card.notice())
    return load(card)


def _file(card):
    """Return the file of the works: another version of music21 may read them differently."""
    try:
        version = importlib.metadata.version("music21")
    except importlib.metadata.PackageNotFoundError:
        raise DataError(
            f"{card.name!r} is read from the corpus of music21, which is not installed. "
            "Install it with:  pip install -r requirements.txt"
        ) from None
    return f"music21-{version}-{FORMAT}.npz"


def _read_corpus(card):
    """Read all scores of a folder of the corpus."""
    import music21

    name, wanted = FOLDERS[card.name]
    root = music21.common.getCorpusFilePath() / name
    files = sorted(file for file in root.rglob("*") if file.suffix.lower() in scores.SUFFIXES)
    if not files:
        raise DataError(
            f"{card.name!r} is read from the corpus of music21, but this music21 came without "
            f"the folder {name!r} of its corpus. Install it again from the package index:  "
            "pip install --force-reinstall --no-deps music21"
        )
    print(f"Reading {len(files)} scores for {card.name}, once (about a minute) ...", flush=True)
    pieces = [
        scores.read(file)
        for file in tqdm(files, desc=card.name, unit="score", disable=None, leave=False)
    ]
    return [piece for piece in pieces if wanted(piece)]


def save(path, pieces):
    """Write pieces to one npz file of plain arrays.

    Args:
        path: The file.
        pieces: List of `scores.Piece`.
    """
    facts = [
        {
            "title": piece.title,
            "length": piece.length,
            "parts": piece.parts,
            "time_signature": piece.time_signature,
            "sharps": piece.sharps,
        }
        for piece in pieces
    ]
    with whole_file(path) as file:
        np.savez_compressed(
            file,
            notes=np.concatenate([piece.notes for piece in pieces]),
            note_counts=np.array([len(piece.notes) for piece in pieces]),
            bars=np.concatenate([piece.bars for piece in pieces]),
            bar_counts=np.array([len(piece.bars) for piece in pieces]),
            facts=np.array(json.dumps(facts)),
        )


def restore(path):
    """Return the pieces of a file that `save` wrote.

    Args:
        path: The file.

    Returns:
        List of `scores.Piece`.

    Raises:
        DataError: The file is damaged.
    """
    try:
        with path.open("rb") as stream, np.load(stream) as file:
            arrays = {name: file[name] for name in file.files}
        notes = np.split(arrays["notes"], np.cumsum(arrays["note_counts"])[:-1])
        bars = np.split(arrays["bars"], np.cumsum(arrays["bar_counts"])[:-1])
        facts = json.loads(str(arrays["facts"]))
    except (EOFError, KeyError, OSError, ValueError, zipfile.BadZipFile, zlib.error) as error:
        raise DataError(f"{path} is damaged ({error}); remove it, and it is made anew.") from None
    return [
        scores.Piece(notes=n, bars=b, **{**fact, "parts": tuple(fact["parts"])})
        for n, b, fact in zip(notes, bars, facts, strict=True)
    ]
