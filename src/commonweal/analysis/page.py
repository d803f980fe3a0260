"""The page of a report: one HTML file that asks the network for nothing, on screen, on a phone and on paper.

Whatever is put into the page goes through `escape_text`, agents' words above all. A content policy lets the page run
its own script alone and load nothing.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Sequence
from html import escape

from commonweal.analysis.appearance import SCRIPT, STYLE
from commonweal.analysis.figures import Figure
from commonweal.analysis.transcript import clean_text


def escape_text(text: str, limit: int = 4000) -> str:
    """Anyone's words as HTML text: cleaned for print, cut at `limit` characters, and no markup."""
    return escape(clean_text(text, limit), quote=True)


def write_table_html(head: Sequence[str], rows: Sequence[Sequence[str]], numbers: frozenset[int]) -> str:
    """A table.

    Args:
        head: Column titles, plain text.
        rows: Cells, plain text.
        numbers: Columns that hold numbers and stand to the right.
    """

    def line(tag: str, cells: Sequence[str]) -> str:
        drawn = (f"<{tag}{' class=num' if i in numbers else ''}>{escape_text(cell)}</{tag}>" for i, cell in enumerate(cells))
        return f"<tr>{''.join(drawn)}</tr>"

    body = "".join(line("td", row) for row in rows)
    return f'<div class="scroll"><table><thead>{line("th", head)}</thead><tbody>{body}</tbody></table></div>'


def write_pairs(pairs: Sequence[tuple[str, str]], code: bool = False) -> str:
    """Terms and what they are, plain text; `code` sets what they are as code."""
    start, end = ("<code>", "</code>") if code else ("", "")
    rows = (f"<dt>{escape_text(term)}</dt><dd>{start}{escape_text(words)}{end}</dd>" for term, words in pairs)
    return f"<dl>{''.join(rows)}</dl>"


def write_figure(figure: Figure | None, name: str) -> str:
    """A figure with its legend and caption; nothing where there is none."""
    if figure is None:
        return ""
    single = " single" if len(figure.panels) == 1 else ""
    legend = f'<div class="legend">{figure.legend}</div>' if figure.legend else ""
    caption = f"<figcaption><b>{escape_text(name)}</b> {escape_text(figure.caption)}</figcaption>"
    return f'<figure>{legend}<div class="panels{single}">{"".join(figure.panels)}</div>{caption}</figure>'


def write_tabs(tabs: Sequence[tuple[str, str]]) -> str:
    """Blocks of HTML of which one is seen at a time, the first at the start (and where no script runs)."""
    if len(tabs) == 1:
        return tabs[0][1]
    buttons = "".join(
        f'<button type="button" data-for="{i}" aria-pressed="{"true" if i == 0 else "false"}">{escape_text(name)}</button>'
        for i, (name, _) in enumerate(tabs)
    )
    blocks = "".join(f'<div data-tab="{i}"{" hidden" if i else ""}>{html}</div>' for i, (_, html) in enumerate(tabs))
    return f'<div><div class="tabs">{buttons}</div>{blocks}</div>'


def write_section(title: str, *blocks: str) -> str:
    """A section of the page from its title and blocks of HTML; nothing where all blocks are empty."""
    inner = "".join(blocks)
    return f"<section><h2>{escape_text(title)}</h2>{inner}</section>" if inner else ""


def write_warning(words: str) -> str:
    """A box that nobody overlooks; plain text, its first sentence in bold."""
    first, _, rest = words.partition(". ")
    return f'<div class="warn" role="note"><b>{escape_text(first)}.</b> {escape_text(rest)}</div>'


def write_page(title: str, body: str) -> str:
    """The whole page around `body`, which is HTML."""
    digest = base64.b64encode(hashlib.sha256(SCRIPT.encode()).digest()).decode()
    policy = f"default-src 'none'; style-src 'unsafe-inline'; script-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'"
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        f'<meta http-equiv="Content-Security-Policy" content="{policy}">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{escape_text(title, 120)}</title><style>{STYLE}</style></head>\n"
        f"<body><main>\n{body}\n</main><script>{SCRIPT}</script></body></html>\n"
    )
