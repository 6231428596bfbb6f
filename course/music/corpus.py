"""Works of music21's own corpus, read once and kept as one file of plain arrays."""

import importlib.metadata
import json
import zipfile
import zlib

import numpy as np
from tqdm import tqdm

from course.music.piece import Piece
from course.music.reading import SUFFIXES, read
from seqlib.data import DataError, cache, cards
from seqlib.files import whole_file

FORMAT = 3  # of the kept file; to be raised when what is taken from a score changes

# Data set -> folder of the corpus, and the number of parts of those works that are meant.
FOLDERS = {"bach_chorales": ("bach", 4), "ryans_mammoth": ("ryansMammoth", 1)}

_FACTS = ("title", "length", "parts", "time_signature", "sharps")


def load_corpus(name):
    """Return the works of a data set of music, a list of `Piece`, read once from music21's corpus.

    The names are ``"bach_chorales"``, 368 pieces of four parts, and ``"ryans_mammoth"``, 1,059 of
    one.
    """
    card = cards.card(name)
    if name not in FOLDERS:
        raise DataError(f"{name!r} is no music. Allowed: {', '.join(FOLDERS)}.")
    if card.notice():
        print(card.notice())
    return load(card)


def load(card):
    """Return the works of the data set of a card; see `load_corpus`."""
    return restore(
        cache.made_once(card, _file_name(card), lambda path: save(path, _read_corpus(card)))
    )


def _file_name(card):
    """Return the name of the kept file: another music21 may read the scores differently."""
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

    name, parts = FOLDERS[card.name]
    root = music21.common.getCorpusFilePath() / name
    files = sorted(file for file in root.rglob("*") if file.suffix.lower() in SUFFIXES)
    if not files:
        raise DataError(
            f"{card.name!r} is read from the corpus of music21, but this music21 came without "
            f"the folder {name!r} of its corpus. Install it again from the package index:  "
            "pip install --force-reinstall --no-deps music21"
        )
    print(f"Reading {len(files)} scores for {card.name}, once (about a minute) ...", flush=True)
    bar = tqdm(files, desc=card.name, unit="score", disable=None, leave=False)
    pieces = [read(file) for file in bar]
    return [piece for piece in pieces if len(piece.parts) == parts]


def save(path, pieces):
    """Write pieces to one npz file of plain arrays."""
    facts = [{name: getattr(piece, name) for name in _FACTS} for piece in pieces]
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
    """Return the pieces of a file that `save` wrote."""
    try:
        with path.open("rb") as stream, np.load(stream) as file:
            arrays = {name: file[name] for name in file.files}
        notes = np.split(arrays["notes"], np.cumsum(arrays["note_counts"])[:-1])
        bars = np.split(arrays["bars"], np.cumsum(arrays["bar_counts"])[:-1])
        facts = json.loads(str(arrays["facts"]))
    except (EOFError, KeyError, OSError, ValueError, zipfile.BadZipFile, zlib.error) as error:
        raise DataError(f"{path} is damaged ({error}); remove it, and it is made anew.") from None
    return [
        Piece(notes=n, bars=b, **{**fact, "parts": tuple(fact["parts"])})
        for n, b, fact in zip(notes, bars, facts, strict=True)
    ]
