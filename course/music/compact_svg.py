"""Verovio's pictures made small: a sixth of the size, and the same picture.

Verovio wraps every sign in groups with names and ids, for programs that search the picture. A
notebook only shows it, so the groups go, and straight lines of one width become one path.
"""

import re
import xml.etree.ElementTree as ET

_LINE = re.compile(r"M(-?\d+) (-?\d+) L(-?\d+) (-?\d+)")
_PLACED = re.compile(r"translate\((-?\d+), (-?\d+)\) scale\(([\d.]+), ([\d.]+)\)")
_KEPT = {"d", "x", "y", "points", "cx", "cy", "rx", "ry", "width", "height", "transform"}
_KEPT |= {"stroke-width", "stroke-linecap", "stroke-linejoin", "text-anchor", "font-size", "fill"}
_SHAPES = {"path", "use", "polygon", "polyline", "rect", "ellipse", "text"}


def compact(svg, label=""):
    """Return an SVG of verovio in few bytes, black on white; the label is for screen readers."""
    root = ET.fromstring(svg)
    outer = [float(number) for number in root.get("viewBox").split()]
    inner = next(child for child in root if _tag(child) == "svg")
    glyphs = {glyph.get("id"): glyph for glyph in root.iter() if _tag(glyph) == "g"}
    defined, lines, shapes = {}, {}, []
    _gather(inner, "", False, defined, lines, shapes)
    picture = ET.Element(
        "svg",
        {
            "xmlns": "http://www.w3.org/2000/svg",
            "viewBox": inner.get("viewBox"),
            "width": f"{outer[2]:g}",
            "height": f"{outer[3]:g}",
            "style": "max-width:100%;height:auto;background:#fff",
            "role": "img",
            "aria-label": label,
        },
    )
    ET.SubElement(picture, "rect", {"width": "100%", "height": "100%", "fill": "#fff"})
    definitions = ET.SubElement(picture, "defs")
    for name, (glyph, scale) in sorted(defined.items()):
        drawn = ET.SubElement(definitions, "g", {"id": name, "transform": f"scale({scale})"})
        for path in glyphs[glyph]:
            kept = {"transform": path.get("transform"), "d": path.get("d")}
            ET.SubElement(drawn, "path", {key: value for key, value in kept.items() if value})
    ink = {"stroke": "#000", "font-family": inner.get("font-family", "serif")}
    drawing = ET.SubElement(picture, "g", ink)
    for (transform, width), drawn in sorted(lines.items()):
        given = {"transform": transform, "stroke-width": width, "d": "".join(drawn)}
        ET.SubElement(drawing, "path", {key: value for key, value in given.items() if value})
    drawing.extend(shapes)
    return ET.tostring(picture, encoding="unicode").replace(" />", "/>")


def _gather(element, transform, italic, defined, lines, shapes):
    """Collect the shapes below an element, out of the groups that they are in."""
    for child in element:
        tag = _tag(child)
        names = child.get("class", "").split()
        if tag == "g" and "placeholder" not in names:  # which is hidden
            moved = " ".join(filter(None, [transform, child.get("transform")]))
            slanted = italic or "mNum" in names
            _gather(child, moved, slanted, defined, lines, shapes)
        elif tag in _SHAPES:
            line = _LINE.fullmatch(child.get("d", "")) if tag == "path" else None
            if line and not child.get("stroke-dasharray"):
                key = transform, child.get("stroke-width", "")
                lines.setdefault(key, []).append(_straight(*line.groups()))
            else:
                shapes.append(_shape(child, tag, transform, italic, defined))


def _straight(x, y, to_x, to_y):
    """Return the shortest command of a path for a line."""
    if x == to_x:
        return f"M{x} {y}V{to_y}"
    return f"M{x} {y}H{to_x}" if y == to_y else f"M{x} {y}L{to_x} {to_y}"


def _shape(child, tag, transform, italic, defined):
    """Return a shape with what is needed to draw it; a glyph carries its scale in its name."""
    given = {key: value for key, value in child.attrib.items() if key in _KEPT}
    if tag == "use":
        x, y, scale, _ = _PLACED.fullmatch(child.get("transform")).groups()
        glyph = child.get("href")[1:]
        name = f"{glyph.partition('-')[0]}-{scale}"
        defined[name] = glyph, scale
        given = {"href": f"#{name}", "x": x, "y": y}
    if transform:
        given["transform"] = " ".join([transform, given.get("transform", "")]).strip()
    made = ET.Element(tag, given)
    if tag == "text":
        made.set("stroke", "none")
        if italic:
            made.set("font-style", "italic")
        sizes = [part.get("font-size") for part in child.iter() if part.get("font-size")]
        made.set("font-size", sizes[-1])
        made.text = "".join(child.itertext())
    return made


def _tag(element):
    return element.tag.rpartition("}")[2]
