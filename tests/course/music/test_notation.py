"""Printed music: small, the same every time, silent, and fit for any page."""

import dataclasses
import re
import xml.etree.ElementTree as ET
from html.parser import HTMLParser
from urllib.parse import unquote

import pytest

from course import music
from course.music.piece import Piece, ScoreError, notes

SVG = "{http://www.w3.org/2000/svg}"
FLAT, SHARP, FERMATA = "E260", "E262", "E4C0"


def glyphs(picture):
    """Return the signs of a picture, by their code in the standard for music fonts."""
    return [use.get("href")[1:].split("-")[0] for use in ET.fromstring(picture).iter(f"{SVG}use")]


def test_the_picture_is_small_and_the_same_every_time(chorale):
    assert len(music.svg(chorale, (1, 8)).encode()) < 40_000
    assert len(music.svg(chorale, (1, 8), staves="open").encode()) < 45_000
    assert music.svg(chorale) == music.svg(chorale)


def test_no_name_of_verovio_is_left_and_every_sign_is_defined(chorale):
    picture = music.svg(chorale)
    assert not re.search(r'class=|data-|xlink|<style|\n| id="[^E]', picture)
    defined = {group.get("id") for group in ET.fromstring(picture).find(f"{SVG}defs")}
    used = {use.get("href")[1:] for use in ET.fromstring(picture).iter(f"{SVG}use")}
    assert used == defined


def test_it_is_black_on_white_and_no_wider_than_its_page(chorale):
    root = ET.fromstring(music.svg(chorale, width=600))
    assert "max-width:100%" in root.get("style")
    assert float(root.get("width")) <= 600
    assert len(root.get("viewBox").split()) == 4
    assert root[0].tag == f"{SVG}rect"
    assert root[0].get("fill") == "#fff"


def test_every_note_is_drawn_once_with_accidentals_and_fermatas(chorale):
    heads = ("E0A0", "E0A2", "E0A3", "E0A4")  # double whole, whole, half, and black
    drawn = [sign for sign in glyphs(music.svg(chorale, staves="open")) if sign in heads]
    score = music.to_score(chorale)
    assert len(drawn) == len(list(score.recurse().notes))
    tune = Piece("", notes([(0, 0, 2, 61), (0, 2, 2, 70, True)]), length=4.0)
    signs = glyphs(music.svg(tune))
    assert (signs.count(SHARP), signs.count(FLAT), signs.count(FERMATA)) == (1, 1, 1)


def test_four_parts_are_closed_unless_open_is_asked_for(chorale):
    heights = [
        float(ET.fromstring(music.svg(chorale, (1, 2), staves=staves)).get("height"))
        for staves in (None, "closed", "open")
    ]
    assert heights[0] == heights[1] < heights[2]


def test_an_excerpt_is_numbered_as_in_the_whole(chorale):
    texts = [text.text for text in ET.fromstring(music.svg(chorale, (5, 6))).iter(f"{SVG}text")]
    assert texts == ["5"]


def test_what_cannot_be_drawn_is_refused(chorale):
    for options in ({"width": 0}, {"scale": -5}, {"staves": "grand"}):
        with pytest.raises(ScoreError, match=f"{next(iter(options))} is"):
            music.svg(chorale, **options)
    with pytest.raises(ScoreError, match="there is no excerpt from 3 to 300"):
        music.svg(chorale, (3, 300))


def test_nothing_is_printed(chorale, capfd):
    music.show(chorale, (1, 2), width=500)
    strange = notes([(0, 0, 0.1, 0), (0, 1.3, 11, 127), (1, 0, 5.3, 64)])
    music.svg(Piece("strange", strange, length=13.0, parts=("", ""), time_signature="7/8"))
    assert capfd.readouterr() == ("", "")


def test_what_is_shown_is_an_image_of_the_same_picture(chorale):
    chorale = dataclasses.replace(chorale, title='Devil\'s <Dream> & "more"')
    shown = music.show(chorale, (1, 2), width=500)
    assert repr(shown) == "<IPython.core.display.HTML object>"
    assert ET.fromstring(music.svg(chorale)).get("aria-label") == f"Score of {chorale.title}"
    found = {}
    parser = HTMLParser()
    parser.handle_starttag = lambda tag, attributes: found.update({"tag": tag}, **dict(attributes))
    parser.feed(shown.data)
    kind, _, picture = found["src"].partition(",")
    assert (found["tag"], kind) == ("img", "data:image/svg+xml")
    assert found["alt"] == f"Score of {chorale.title}"
    expected = ET.canonicalize(music.svg(chorale, (1, 2), width=500))
    assert ET.canonicalize(unquote(picture)) == expected
