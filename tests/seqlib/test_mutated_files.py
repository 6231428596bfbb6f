"""Whatever is in a file, it is read, or refused by an error of ours: no other gets out."""

import itertools
import json
import random
import zipfile

import numpy as np
import pytest

from seqlib.data import DataError, archive, canonical, card, cards
from seqlib.data.schema import Member, Source
from seqlib.files import FileError
from seqlib.pretrained import WordPiece, load_bert, loading
from seqlib.text import Subwords
from seqlib.word_vectors import WordVectors
from tests.seqlib.data.shelf import CARD, to_toml
from tests.seqlib.pretrained import models
from tests.seqlib.word_vectors.files import lines, numbers, pack

WORDS = ["the", "c", "日", "e", "f"]
MEMBER = {"file": "a.txt", "path": "p/a.txt", "sha256": "0" * 64, "size": 1}
MEMBERS = [Member(**MEMBER), Member("b", "0" * 64, 1, pattern="p/*.txt", count=2)]
SOURCE = {"url": "https://example.org/", "file": "a.txt", "inside": "p/a.txt"}
SET = {"name": "made_up", **CARD, "kind": "archive", "requires": ["numpy"], "notebooks": ["1-1_a"]}
SET |= {"archive": {"package": "p", "version": "1.0", "sha256": "0" * 64, "size": 1}}
SET |= {"members": [MEMBER], "sources": [SOURCE]}
LOWER = {"do_lower_case": True, "strip_accents": False, "tokenize_chinese_chars": None}

PIECES = [
    b"",
    b"\x00",
    b"\xff" * 8,
    b"\n",
    b"\r",
    b" ",
    b"-1",
    b"0",
    b"9" * 15,
    b"9" * 5000,
    b"1e999",
]
PIECES += [b"nan", b"\xef\xbb\xbf", b"\xed\xa0\x80", b'"', b"{", b"[" * 5000, b"\\ud800", b"null"]
VALUES = [
    None,
    True,
    -1,
    0,
    2**40,
    10**400,
    1.5,
    float("nan"),
    "",
    "a",
    "\x00",
    "\ud800",
    "x" * 999,
]
VALUES += [[], [None], {}, {"a": None}, [[1]]]


def altered(content, rng):
    """Return bytes of which some are flipped, cut out, doubled, replaced, or moved."""
    for _ in range(rng.choice([1, 1, 1, 2, 3])):
        begin, place = rng.randrange(len(content) + 1), rng.randrange(len(content) + 1)
        end = begin + rng.choice([0, 1, 1, 2, 4, 8, 50, 500])
        flipped = bytes(byte ^ (1 << rng.randrange(8)) for byte in content[begin : begin + 1])
        made = [flipped, b"", 2 * content[begin:end], rng.choice(PIECES), content[place:][:20]]
        content = content[:begin] + rng.choice(made) + rng.choice([content[end:]] * 5 + [b""])
    return content


def restructured(table, rng):
    """Change a table in place: a value of it is missing, renamed, or something else."""
    place = rng.choice(list(table) if isinstance(table, dict) else range(len(table)))
    if isinstance(table[place], (dict, list)) and table[place] and rng.random() < 0.8:
        restructured(table[place], rng)
    elif rng.random() < 0.7:
        table[place] = rng.choice(VALUES)
    else:
        value = table.pop(place)
        if isinstance(table, dict) and rng.random() < 0.3:
            table["x"] = value
    return table


def read_card(path):
    cards._read.cache_clear()
    found = card("made_up")
    assert str(found)
    assert found.state()


def read_zip(path):
    for member in MEMBERS:
        archive.extract(path, member, path.with_name("made"))


def read_download(path):
    canonical.download(Source(**SOURCE), path.parent, lambda count: None)


def read_pieces(path):
    files = {file.name: file for file in (path.with_name("vocab.txt"), path)}
    WordPiece.load(files).encode(["the cats sat!", "Für"], length=4)


def read_model(path):
    load_bert(path.parent)


READERS = {
    "a.txt": lambda path: WordVectors.load_word2vec(path, cache=False),
    "a.gz": lambda path: WordVectors.load_word2vec(path),
    "a.bz2": lambda path: WordVectors.load_word2vec(path, only=["c"]),
    "a.zip": lambda path: WordVectors.load_word2vec(path, cache=False),
    "a.bin": lambda path: WordVectors.load_word2vec(path, binary=True, cache=False),
    "b.bin": lambda path: WordVectors.load_word2vec(path, binary=True, only=["c"]),
    "a.npy": lambda path: WordVectors.load_numpy(path, WORDS),
    "made_up.toml": read_card,
    "b.zip": read_zip,
    "download": read_download,
    "subwords.json": lambda path: Subwords.load(path).encode("the house"),
    "vocab.txt": read_pieces,
    "tokenizer.json": read_pieces,
    "tokenizer_config.json": read_pieces,
    "config.json": read_model,
    "model.safetensors": read_model,
}


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """A folder with a whole file of every kind."""
    folder = models.write(tmp_path_factory.mktemp("whole"))
    text = f"5 3\n{lines(WORDS, numbers(5, 3))}".encode()
    for packed, end in (("plain", "txt"), ("gzip", "gz"), ("bzip2", "bz2"), ("zip", "zip")):
        pack(folder / f"a.{end}", packed, text)
    for name in "ab":
        WordVectors(WORDS, numbers(5, 3)).save_word2vec(folder / f"{name}.bin")
    np.save(folder / "a.npy", numbers(5, 3))
    (folder / "made_up.toml").write_text(to_toml(SET), encoding="utf-8")
    for name in ("b.zip", "download"):
        with zipfile.ZipFile(folder / name, "w", zipfile.ZIP_DEFLATED) as made:
            for letter in "ab":
                made.writestr(f"p/{letter}.txt", "eins\nzwei ü\n")
    Subwords.train(["the house", "a mouse"], size=24).save(folder / "subwords.json")
    tokenizer = WordPiece.load({"vocab.txt": folder / "vocab.txt"})._tokenizer.to_str()
    (folder / "tokenizer.json").write_text(tokenizer, encoding="utf-8")
    (folder / "tokenizer_config.json").write_text(json.dumps(LOWER), encoding="utf-8")
    return folder


def damages(file, content):
    """Yield damaged contents of a file, without end."""
    rng = random.Random(0)
    head, rest = content, b""
    if file == "model.safetensors":  # the size of a header in JSON, the header, the numbers
        size = int.from_bytes(content[:8], "little")
        head, rest = content[8 : 8 + size], content[8 + size :]
    while True:
        yield altered(content, rng)
        if file == "made_up.toml":  # tables in one line are those of JSON but for the colon
            table = restructured(json.loads(json.dumps(SET)), rng).items()
            rows = (f"{key} = {json.dumps(value, separators=(',', '='))}" for key, value in table)
            yield "\n".join(rows).replace("null", "[]").replace("NaN", "nan").encode()
        elif file.endswith(("json", "safetensors")):
            made = json.dumps(restructured(json.loads(head), rng)).encode()
            yield (len(made).to_bytes(8, "little") + made + rest) if rest else made


@pytest.mark.parametrize("file", READERS)
def test_a_damaged_file_is_read_or_refused(tmp_path, monkeypatch, whole, file):
    monkeypatch.setenv("SEQLIB_DATA", str(tmp_path / "cache"))
    monkeypatch.setattr(cards, "folder", lambda: tmp_path)
    for name in ("vocab.txt", "config.json", "model.safetensors"):
        (tmp_path / name).write_bytes((whole / name).read_bytes())
    if file == "model.safetensors":
        encoder = load_bert(whole)  # made once, as that takes half a second
        monkeypatch.setattr(encoder, "build", lambda: None)
        monkeypatch.setattr(loading, "BertEncoder", lambda **_: encoder)
    refused, count = 0, 60 if file == "config.json" else 300
    for damaged in itertools.islice(damages(file, (whole / file).read_bytes()), count):
        (tmp_path / file).write_bytes(damaged)
        monkeypatch.setattr(canonical, "_chunks", lambda *_, body=damaged: [body])
        try:
            READERS[file](tmp_path / file)
        except (FileError, DataError):
            refused += 1
    assert 0 < refused < count


@pytest.mark.parametrize("kept", ["words.json", "vectors.f32"])
def test_what_is_damaged_in_the_cache_is_read_anew(tmp_path, monkeypatch, whole, kept):
    monkeypatch.setenv("SEQLIB_DATA", str(tmp_path))
    WordVectors.load_word2vec(whole / "a.txt")
    (path,) = tmp_path.glob(f"word_vectors/*/{kept}")
    for damaged in itertools.islice(damages(kept[-4:], path.read_bytes()), 60):
        path.write_bytes(damaged)
        assert len(WordVectors.load_word2vec(whole / "a.txt")) == len(WORDS)


def test_no_memory_is_taken_for_sizes_that_are_only_claimed(tmp_path, whole):
    path = tmp_path / "a.txt"
    path.write_bytes((whole / "a.txt").read_bytes().replace(b"5 3\n", b"5 999999999999\n"))
    with pytest.raises(FileError, match=r"line 1: it promises 999,999"):
        WordVectors.load_word2vec(path)
    folder = models.write(tmp_path / "model")
    for size in ("vocab_size", "num_hidden_layers", "intermediate_size"):
        config = json.dumps({**models.CONFIG, size: 10**12})
        (folder / "config.json").write_text(config, encoding="utf-8")
        with pytest.raises(FileError, match=r"config\.json: its sizes ask for more numbers"):
            load_bert(folder)
