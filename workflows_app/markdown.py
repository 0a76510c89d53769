"""Markdown that authors write, as HTML that holds nothing but what is made here.

The text is parsed to a tree, and each kind of node that is known becomes one tag around what is in it; whatever
else there is becomes text. No HTML of the author's own is let through, no image, and no link but to the web or to
a mailbox: values of a run may stand in the text, and who wrote those is not known. Tables are left out since a
short text can make one of a hundred thousand cells.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from markdown_it import MarkdownIt
from markdown_it.tree import SyntaxTreeNode

TAGS: Final[Mapping[str, str]] = {
    "paragraph": "p", "strong": "strong", "em": "em", "s": "s", "blockquote": "blockquote", "bullet_list": "ul",
    "list_item": "li",
}  # fmt: skip
WEB: Final = ("https://", "http://")
LINKED: Final = (*WEB, "mailto:")
DEEPEST: Final = 6


class Reader(MarkdownIt):
    """Reads CommonMark, and text that is struck out."""

    def __init__(self) -> None:
        super().__init__("commonmark", {"html": False})
        self.enable("strikethrough")

    def validateLink(self, url: str) -> bool:
        return url.lower().startswith(LINKED)


READER: Final = Reader()


def html_of(text: str, highest: int) -> SafeString:
    """Write a text as HTML. Its headings begin at this level, and leave none out."""
    tree = SyntaxTreeNode(READER.parse(text))
    ranks = sorted({node.tag for node in tree.walk() if node.type == "heading"})
    return Writer({tag: min(highest + rank, DEEPEST) for rank, tag in enumerate(ranks)}).inside(tree)


@dataclass(frozen=True, slots=True)
class Writer:
    """Writes nodes of one text; `levels` says what becomes of each level of its headings."""

    levels: Mapping[str, int]

    def inside(self, node: SyntaxTreeNode) -> SafeString:
        return format_html_join("", "{}", ((self.written(one),) for one in node.children))

    def written(self, node: SyntaxTreeNode) -> SafeString:
        """Write one node and what is in it."""
        match node.type:
            case "text":
                return format_html("{}", node.content)
            case "softbreak":
                return format_html("{}", "\n")
            case "hardbreak":
                return format_html("<{}>", "br")
            case "hr":
                return format_html("<{}>", "hr")
            case "code_inline":
                return format_html("<code>{}</code>", node.content)
            case "fence" | "code_block":
                return format_html("<pre><code>{}</code></pre>", node.content)
            case "heading":
                return format_html("<h{0}>{1}</h{0}>", self.levels[node.tag], self.inside(node))
            case "ordered_list":
                return format_html('<ol start="{}">{}</ol>', node.attrs.get("start", 1), self.inside(node))
            case "link":
                return self.link(str(node.attrs["href"]), self.inside(node))
        tag = "" if node.hidden else TAGS.get(node.type, "")
        return format_html("<{0}>{1}</{0}>", tag, self.inside(node)) if tag else self.inside(node)

    def link(self, address: str, words: SafeString) -> SafeString:
        if not address.lower().startswith(LINKED):
            # One without an address is not asked about.
            return words
        if not address.lower().startswith(WEB):
            return format_html('<a class="link" href="{}">{}</a>', address, words)
        tab = format_html('<span class="vh"> {}</span>', _("opens a new tab"))
        outside = 'rel="noopener noreferrer nofollow" target="_blank"'
        return format_html('<a class="link" href="{}" {}>{}{}</a>', address, SafeString(outside), words, tab)
