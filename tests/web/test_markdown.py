"""Markdown of authors: what it becomes, and that whatever somebody puts into it stays text."""

from __future__ import annotations

import time
from html import unescape
from html.parser import HTMLParser
from typing import Any

import pytest
from django.template import Context, Template
from hypothesis import given
from hypothesis import strategies as st

from tests.web.asking import asked, closed, person, resume, signed_in
from tests.web.studio import wait_for
from workflows_app.approvals.links import token_for
from workflows_app.engine.questions import LONGEST_BODY
from workflows_app.markdown import LINKED, html_of

TAGS = {
    "p", "strong", "em", "s", "blockquote", "ul", "ol", "li", "h3", "h4", "h5", "h6", "pre", "code", "hr", "br", "a",
    "span",
}  # fmt: skip
HOSTILE = (
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    "<b onmouseover=alert(1)>bold</b> and <a href='javascript:alert(1)'>more</a>",
    "<svg/onload=alert(1)>\n\n<style>*{display:none}</style>\n\n<!-- --><?php ?><![CDATA[x]]>",
    "[go](javascript:alert(1)) [go](JaVaScRiPt:alert(1)) [go](java&#115;cript:alert(1)) [go](java\tscript:alert(1))",
    "[go](<javascript:alert(1)>) [go][1]\n\n[1]: javascript:alert(1)",
    "[go](data:text/html;base64,PHNjcmlwdD4=) [go](vbscript:x) [go](file:///etc/passwd) [go](ftp://example.org)",
    "[go](/settings/) [go](//example.org) [go](relative) [go](#here) [go](?a=1) [go](\\\\example.org)",
    "![seen](http://example.org/seen.png) ![x](javascript:alert(1)) ![x](data:image/png;base64,AA==)",
    "[![badge](http://example.org/b.svg)](https://example.org)",
    '[quote](http://example.org/" onclick="alert(1)) [title](http://example.org "a\\" onclick=alert(1)")',
    "<javascript:alert(1)> <http://example.org/'onclick='alert(1)> <data:text/html,x>",
    "```<script>\n</code></pre><script>alert(1)</script>\n```",
    "`</code><script>alert(1)</script>`",
    "    </pre><script>alert(1)</script>",
    "# <script>alert(1)</script>\n\n<h1>mine</h1>",
    "&lt;script&gt;alert(1)&lt;/script&gt; &#60;img src=x&#62; &quot; &amp;amp;",
    "{{ 7|add:7 }} {% load x %} ${7*7}",
    "\u202egnp.exe \u2028 \u2029 \u200b \ufeff",
    "1. a\n9999999999. b\n\n- \n  - \n    - <script>",
    "|a|b|\n|-|-|\n|<script>|x|",
    "[x]: http://example.org '\"><script>alert(1)</script>'\n\n[x]",
    "__proto__ constructor ]]> --> */ </textarea></title></div></section>",
)


class Reading(HTMLParser):
    """What a browser would make of a piece of HTML."""

    def __init__(self, html: str) -> None:
        super().__init__(convert_charrefs=True)
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.open: list[str] = []
        self.text = ""
        self.odd: list[str] = []
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: Any) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in ("br", "hr"):
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if not self.open or self.open.pop() != tag:
            self.odd.append(tag)

    def handle_data(self, data: str) -> None:
        self.text += data

    def handle_comment(self, data: str) -> None:
        self.odd.append(data)

    def handle_decl(self, decl: str) -> None:
        self.odd.append(decl)

    handle_pi = unknown_decl = handle_comment


def check_is_harmless(html: str) -> Reading:
    read = Reading(html)
    assert not read.odd
    assert not read.open
    for tag, attributes in read.tags:
        assert tag in TAGS
        if tag == "ol":
            assert attributes.keys() == {"start"}
            assert str(attributes["start"]).isdecimal()
        elif tag == "span":
            assert attributes == {"class": "vh"}
        elif tag == "a":
            address = str(attributes["href"])
            assert address.lower().startswith(LINKED)
            own = {"class": "link", "href": address}
            assert attributes in ({**own, "rel": "noopener noreferrer nofollow", "target": "_blank"}, own)
        else:
            assert not attributes
    return read


@pytest.mark.parametrize(
    ("text", "html"),
    [
        ("*two* **three** ~~four~~ `five`", "<p><em>two</em> <strong>three</strong> <s>four</s> <code>five</code></p>"),
        ("a\nb  \nc", "<p>a\nb<br>c</p>"),
        ("a\n\nb", "<p>a</p><p>b</p>"),
        ("- a\n- b", "<ul><li>a</li><li>b</li></ul>"),
        ("- a\n\n- b", "<ul><li><p>a</p></li><li><p>b</p></li></ul>"),
        ("3. a\n4. b", '<ol start="3"><li>a</li><li>b</li></ol>'),
        ("> a", "<blockquote><p>a</p></blockquote>"),
        ("```python\nx = '<'\n```", "<pre><code>x = &#x27;&lt;&#x27;\n</code></pre>"),
        ("    x", "<pre><code>x\n</code></pre>"),
        ("***", "<hr>"),
        ("# a\n\n### b\n\n# c", "<h3>a</h3><h4>b</h4><h3>c</h3>"),
        ("\n\n".join("#" * n + " a" for n in range(1, 7)), "<h3>a</h3><h4>a</h4><h5>a</h5>" + "<h6>a</h6>" * 3),
        ("[a](mailto:x@example.org)", '<p><a class="link" href="mailto:x@example.org">a</a></p>'),
        ("![a picture](http://example.org/x.png)", "<p>a picture</p>"),
        ("a & b < c", "<p>a &amp; b &lt; c</p>"),
        ("", ""),
        (" \n ", ""),
    ],
)  # fmt: skip
def test_it_becomes_what_people_mean_by_it(text: str, html: str) -> None:
    assert html_of(text, 3) == html


def test_a_link_leads_out_into_a_tab_of_its_own() -> None:
    read = check_is_harmless(html_of("See [the *order*](https://example.org/7?a=1&b=2), or <http://example.org>.", 3))
    hrefs = [attributes["href"] for tag, attributes in read.tags if tag == "a"]
    assert hrefs == ["https://example.org/7?a=1&b=2", "http://example.org"]
    assert ("em", {}) in read.tags
    assert read.text == "See the order opens a new tab, or http://example.org opens a new tab."


@pytest.mark.parametrize("hostile", HOSTILE)
def test_what_is_hostile_is_only_text(hostile: str) -> None:
    for text in (
        hostile,
        f"Hello {hostile}",
        f"- {hostile}",
        f"**{hostile}**",
        f"> {hostile}",
        f"[{hostile}](http://x.org)",
    ):
        check_is_harmless(html_of(text, 3))


@pytest.mark.parametrize("text", ["[here]()", "[here]( )"])
def test_a_link_to_nowhere_is_only_its_words(text: str) -> None:
    read = check_is_harmless(html_of(text, 3))
    assert read.text == "here"


def test_what_is_no_link_is_still_to_be_read() -> None:
    read = check_is_harmless(html_of("[go](javascript:alert(1)) and <script>alert(2)</script>", 3))
    assert read.text == "[go](javascript:alert(1)) and <script>alert(2)</script>"


@given(
    st.lists(st.sampled_from([*HOSTILE, *"*_`[]()<>!#-\n \t\"'&:/|~\\", "http://x", "javascript:", "a"])).map("".join)
)
def test_no_mixture_lets_anything_through(text: str) -> None:
    check_is_harmless(html_of(text, 3))


@pytest.mark.parametrize(
    "part",
    [
        "[", "](", "![", ">", "> ", "*a ", "**a_", "_a__", "~~a", "`", "<", "&", "a://", "- ", "1. ", "|a", "#",
        "[a]: x\n", "    \n", "\t-",
    ],
)  # fmt: skip
def test_no_text_takes_long(part: str) -> None:
    text = (part * LONGEST_BODY)[:LONGEST_BODY]
    began = time.thread_time()
    html = html_of(text, 3)
    assert time.thread_time() - began < 3
    assert len(html) < 20 * LONGEST_BODY


def test_a_template_takes_it_as_it_is() -> None:
    written = Template("{% load workflows %}{{ text|markdown:2 }}").render(Context({"text": "# a <b>"}))
    assert written == "<h2>a &lt;b&gt;</h2>"


BODY = "# Why\n\nIt is **urgent**: see [the order](https://example.org/7).\n\n- <script>alert(1)</script>"
BECOMES = '<strong>urgent</strong>: see <a class="link" href="https://example.org/7"'


@pytest.mark.usefixtures("studio")
def test_the_body_of_a_question_is_on_every_page_that_shows_it(settings: Any) -> None:
    settings.MIDDLEWARE = [name for name in settings.MIDDLEWARE if "LocalPerson" not in name]
    ada = person("ada", rights=("view_run", "decide", "view_payload"))
    approval = asked(body=BODY, assign_to="ada")
    client = signed_in(settings, ada)
    link = f"/a/{token_for(approval, ada.pk, approval.asked_at)}/"
    pages = {
        f"/approvals/{approval.pk}/": "<h3>Why</h3>", link: "<h2>Why</h2>",
        f"/approvals/{approval.pk}/print/": "<h3>Why</h3>", f"/runs/{approval.run_id}/?step=ask": "<h4>Why</h4>",
    }  # fmt: skip
    for address, heading in pages.items():
        page = client.get(address).content.decode()
        assert heading in page, address
        assert BECOMES in page, address
        assert "<li>&lt;script&gt;alert(1)&lt;/script&gt;</li>" in page, address
    resume(approval, {"decision": "approve"}, by="ada")
    wait_for(closed(approval).run_id, "success")
    for address in (f"/approvals/{approval.pk}/", f"/approvals/{approval.pk}/print/"):
        assert BECOMES in client.get(address).content.decode(), address


@pytest.mark.usefixtures("studio")
def test_the_body_is_for_those_who_may_read_what_is_asked(settings: Any) -> None:
    approval = asked(body=BODY, assign_to="ada")
    person("ada")
    for rights, sees in ((("view_run", "decide"), False), (("view_run", "decide", "view_payload"), True)):
        client = signed_in(settings, person(f"bo-{sees}", rights=rights))
        for address in (f"/approvals/{approval.pk}/", f"/runs/{approval.run_id}/?step=ask"):
            page = unescape(client.get(address).content.decode())
            assert (unescape(BECOMES) in page) is sees, address
