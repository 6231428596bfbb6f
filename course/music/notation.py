"""Pieces as printed music, for a notebook: engraved by verovio."""

import html
from urllib.parse import quote

from course.music.compact_svg import compact
from course.music.engraving import to_score
from course.music.excerpt import excerpt, first_bar, last_bar
from course.music.export import musicxml
from course.music.piece import ScoreError

__all__ = ["show", "svg"]

_PLAIN = " !$'()*+,-./:;<=>?@[]_~"  # what stays as it is in the address of an image, beside letters
_HIGHEST_PAGE = 60_000  # in verovio's units: all systems stay on one page
_OPTIONS = {
    "inputFrom": "musicxml",
    "xmlIdSeed": 1,
    "adjustPageHeight": True,
    "pageHeight": _HIGHEST_PAGE,
    "pageMarginTop": 30,
    "pageMarginBottom": 30,
    "pageMarginLeft": 60,
    "pageMarginRight": 30,
    "header": "none",
    "footer": "none",
    "breaks": "auto",
    "smuflTextFont": "none",
    "staffLineWidth": 0.2,  # a screen needs them thicker than paper
    "svgViewBox": True,
    "svgRemoveXlink": True,
    "svgFormatRaw": True,
}


def svg(piece, bars=None, *, staves=None, width=800, scale=40):
    """Engrave a piece as an SVG picture, black on white, a string.

    `bars` are the first and the last, counted from 1 (an upbeat is 0), None for all; four parts
    share two staves unless `staves` says ``"open"``. `width` is the most in pixels, `scale` the
    size of the notes in percent: 40 makes a staff about 29 pixels high.

    Example:
        >>> from course.music import Piece, notes
        >>> svg(Piece("one bar", notes([(0, 0.0, 4.0, 60)]), length=4.0)).startswith("<svg")
        True
    """
    import verovio

    for name, value in (("width", width), ("scale", scale)):
        if not value > 0:
            raise ScoreError(f"{name} is {value}; it must be above 0.")
    shown = piece if bars is None else excerpt(piece, bars)
    number = first_bar(piece) if bars is None else int(bars[0])
    if staves is None:
        staves = "closed" if len(piece.parts) == 4 else "open"
    ends = shown is piece or int(bars[1]) == last_bar(piece)
    music = musicxml(to_score(shown, staves, number, ends)).decode("utf-8")
    verovio.enableLog(verovio.LOG_OFF)
    engraver = verovio.toolkit()
    engraver.setOptions({**_OPTIONS, "scale": scale, "pageWidth": round(width * 100 / scale)})
    if not engraver.loadData(music):
        raise ScoreError(f"{piece.name} cannot be engraved by verovio.")
    if engraver.renderToSVG(1).count('class="system"') == 1:  # a short one is not to be stretched
        engraver.setOptions({"adjustPageWidth": True})
        engraver.redoLayout()
    return compact(engraver.renderToSVG(1), label=f"Score of {piece.title or 'a piece'}")


def show(piece, bars=None, **options):
    """Show a piece as printed music in a notebook; see `svg`.

    The picture is an image: JupyterLab hides a bare SVG in a notebook that it does not trust yet,
    as one that was just downloaded.
    """
    from IPython.display import HTML

    picture = svg(piece, bars, **options).replace("'", "&apos;").replace('"', "'")
    label = html.escape(f"Score of {piece.title or 'a piece'}")
    return HTML(f'<img alt="{label}" src="data:image/svg+xml,{quote(picture, safe=_PLAIN)}">')
