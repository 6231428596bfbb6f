"""The picture of the README, put together from what two committed notebooks show.

``python -m course.publishing.picture`` writes ``notebooks/picture.svg``: four bars in the network's
harmony from 1-3 and, below, the first attention map of a date from 3-1.
"""

import base64
import re
import struct
import urllib.parse
from pathlib import Path

import nbformat

from seqlib.files import write_text

FILE = "picture.svg"
WIDTH = 720  # pixels, on white: the page may be dark
SCORE = re.compile(r'alt="Score of the network" src="data:image/svg\+xml,([^"]+)"')
SIZE = re.compile(r"viewBox='0 0 (\d+) (\d+)'")


def picture(notebooks):
    """Return the picture as SVG, from the notebooks in a folder."""
    score = _score(nbformat.read(notebooks / "1-3_music_generation.ipynb", as_version=4))
    chart = _attention(nbformat.read(notebooks / "3-1_machine_translation.ipynb", as_version=4))
    score_width, score_height = map(int, SIZE.search(score).groups())
    chart_width, chart_height = struct.unpack(">II", chart[16:24])  # as a PNG begins
    inner = WIDTH - 40
    first = inner * score_height // score_width
    second = inner * chart_height // chart_width
    below = 40 + first + 30
    text = "font-family='sans-serif' font-size='14' fill='#333'"
    nested = f"<svg x='20' y='36' width='{inner}' height='{first}' "
    return (
        f"<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 {WIDTH} {below + second + 16}' "
        f"width='560'>"
        "<rect width='100%' height='100%' fill='#fff'/>"
        f"<text x='20' y='24' {text}>Four bars: the melody is given, "
        "three voices are the network's (1-3)</text>"
        + re.sub(r"<svg .*?(viewBox='[^']*').*?>", nested + r"\1>", score, count=1)
        + f"<text x='20' y='{below - 8}' {text}>A date, and where the network looks "
        "while it writes each character (3-1)</text>"
        f"<image x='20' y='{below}' width='{inner}' height='{second}' "
        f"href='data:image/png;base64,{base64.b64encode(chart).decode()}'/></svg>\n"
    )


def _score(notebook):
    for html in _outputs(notebook, "text/html"):
        found = SCORE.search(html)
        if found:
            return urllib.parse.unquote(found[1])
    raise ValueError("1-3 shows no score of the network: run it first.")


def _attention(notebook):
    for png in _outputs(notebook, "image/png", of="attention_map("):
        return base64.b64decode(png)
    raise ValueError("3-1 draws no attention map: run it first.")


def _outputs(notebook, kind, of=""):
    """Yield the outputs of one kind below the cells whose source holds `of`."""
    for cell in notebook.cells:
        if cell.cell_type == "code" and of in cell.source:
            yield from (o.data[kind] for o in cell.outputs if kind in o.get("data", {}))


def write(notebooks):
    """Draw the picture anew, from the notebooks in a folder and into it."""
    write_text(notebooks / FILE, picture(notebooks))


if __name__ == "__main__":
    write(Path("notebooks"))
