"""A page for the browser: self-contained, offline, light and dark, wide and narrow.

Every text that comes from data or config is escaped, and the page's own policy forbids scripts and
anything from outside.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from importlib.resources import files
from typing import Any

from rnncli.svg import clean

__all__ = [
    "block",
    "contents",
    "details",
    "facts",
    "figure",
    "figures",
    "page",
    "section",
    "style",
    "table",
    "tiles",
]


def page(
    title: str,
    lead: str,
    parts: Iterable[str],
    footer: str,
    language: str = "en",
    *,
    images: bool = False,
) -> str:
    """A whole document.

    Args:
        title: plain text.
        lead: plain text below it.
        parts: HTML, in order; empty ones are left out.
        footer: HTML.
        language: of the page's own words.
        images: allow images that stand in the page itself (`data:`), as heat maps have them.
    """
    name = clean(title)
    allowed = "style-src 'unsafe-inline'" + ("; img-src data:" if images else "")
    return f"""<!doctype html>
<html lang="{language}">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; {allowed}">
<title>{name}</title>
<style>
{style("figures")}{style("page")}</style>
</head>
<body>
<header><h1>{name}</h1><p class="lead">{clean(lead)}</p></header>
<main>
{"".join(part for part in parts if part)}
</main>
<footer>{footer}</footer>
</body>
</html>
"""


def style(name: str) -> str:
    """A style sheet of this package: `page`, or `figures`, which has the colours too."""
    return files("rnncli").joinpath(f"{name}.css").read_text(encoding="utf-8")


def section(title: str, *parts: str) -> str:
    """A part of a page under a heading; HTML inside."""
    name = _anchor(title)
    return f'<section id="{name}"><h2>{clean(title)}</h2>{"".join(parts)}</section>'


def contents(titles: Iterable[str]) -> str:
    """Links to the sections of these titles."""
    links = "".join(f'<a href="#{_anchor(title)}">{clean(title)}</a>' for title in titles)
    return f'<nav aria-label="Contents">{links}</nav>'


def _anchor(title: str) -> str:
    return "-".join(re.findall(r"\w+", title.lower()))


def figure(picture: str, caption: str = "") -> str:
    """An SVG with its caption (plain text); `.figures` sets several side by side."""
    told = f"<figcaption>{clean(caption)}</figcaption>" if caption else ""
    return f"<figure>{told}{picture}</figure>"


def figures(pictures: Iterable[str]) -> str:
    """Figures side by side where there is room."""
    return f'<div class="figures">{"".join(pictures)}</div>'


def tiles(items: Iterable[tuple[str, str, str]]) -> str:
    """Big numbers: each a value, what it is, and a word more."""
    inner = "".join(
        f"<div><b>{clean(big)}</b><span>{clean(name)}<br>{clean(more)}</span></div>"
        for big, name, more in items
    )
    return f'<div class="tiles">{inner}</div>' if inner else ""


def details(title: str, inner: str) -> str:
    """HTML folded away under a title."""
    return f"<details><summary>{clean(title)}</summary><div class='scroll'>{inner}</div></details>"


def table(
    head: Sequence[str], rows: Sequence[Sequence[object]], numbers: int, words: int = 0
) -> str:
    """A table of plain values: so many columns of names, so many of numbers, and any others."""

    def cells(row: Sequence[object], tag: str) -> str:
        kinds = (
            ' class="n"' if words <= column < words + numbers else ' class="w"' * (column < words)
            for column in range(len(row))
        )
        return "".join(
            f"<{tag}{k}>{clean(v)}</{tag.partition(' ')[0]}>"
            for k, v in zip(kinds, row, strict=True)
        )

    body = "".join(f"<tr>{cells(row, 'td')}</tr>" for row in rows)
    top = cells(head, 'th scope="col"')
    return f"<table><thead><tr>{top}</tr></thead><tbody>{body}</tbody></table>"


def block(text: str) -> str:
    """Lines as they are, as in `<pre>`."""
    return "\n".join(clean(line) for line in text.splitlines())


def facts(title: str, value: Mapping[str, Any]) -> str:
    """A record, nested as its JSON is, folded away."""
    return details(title, _tree(value)) if value else ""


def _tree(value: Any) -> str:
    """Nested JSON as nested tables."""
    if isinstance(value, Mapping):
        rows = "".join(f"<tr><th>{clean(k)}</th><td>{_tree(v)}</td></tr>" for k, v in value.items())
        return f'<table class="facts"><tbody>{rows}</tbody></table>' if rows else "none"
    if isinstance(value, list):
        if any(isinstance(item, Mapping | list) for item in value):
            return "".join(_tree(item) for item in value)
        return clean(", ".join(map(str, value))) or "none"
    if value is None:
        return "unknown"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return f"{value:.6g}"
    return clean(f"{value:,}" if isinstance(value, int) and abs(value) >= 10_000 else value)
