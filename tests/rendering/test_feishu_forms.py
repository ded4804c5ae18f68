"""Reports of hostile text and any size, in every form for Feishu.

Each form is valid and within the limits, has nothing live, and loses nothing.

For more examples:
CI_STAT_TEST_EXAMPLES=2000 pytest tests/rendering/test_feishu_forms.py --hypothesis-seed=1
"""

import json
import re
from typing import Any
from urllib.parse import unquote

import pytest
from hypothesis import given

from ci_stat.escape import web_link
from ci_stat.rendering.document import Block, Document, Section, Span, Table
from ci_stat.rendering.feishu.card import card_v2
from ci_stat.rendering.feishu.card_v1 import card_v1
from ci_stat.rendering.feishu.forms import (
    APP_BYTES,
    MOST_NODES,
    MOST_TABLES,
    MOST_TEXT,
    WEBHOOK_BYTES,
    Form,
    count_tags,
    fitted_card,
    forms,
    on_card,
    webhook_bytes,
)
from ci_stat.rendering.fit import details, shorter
from ci_stat.reports.document import report_document
from ci_stat.reports.model import Report
from ci_stat.reports.notes import with_notes
from tests.support.feishu.cards import check, tagged_nodes
from tests.support.feishu.reading import (
    image_keys,
    live_links,
    live_mentions,
    live_tags,
    visible_text,
)
from tests.support.reports import ANY


def all_forms(document: Document, most: int) -> list[Form]:
    return list(forms(document, webhook_bytes, most))


def _links(value: Any) -> set[str]:
    if isinstance(value, (tuple, list)):
        return set().union(*map(_links, value)) if value else set()
    link = getattr(value, "link", None)
    names = getattr(value, "__slots__", ())
    inner = set().union(*(_links(getattr(value, name)) for name in names)) if names else set()
    return inner | ({link} if link else set())


@pytest.mark.parametrize("most", [WEBHOOK_BYTES, APP_BYTES])
@given(report=ANY)
def test_every_form_is_valid_small_and_dead(report: Report, most: int) -> None:
    document = with_notes(report_document(report), ["The previous report failed: <at id=all></at>"])
    rendered = all_forms(document, most)
    assert [form.name for form in rendered] == ["card 2.0", "card 1.0", "post", "text", "bare text"]
    for form in rendered:
        message = {"msg_type": form.msg_type, "content": form.content}
        assert webhook_bytes(form.msg_type, form.content) <= most
        assert live_mentions(message) == []
        assert image_keys(message) == []
        assert set(live_tags(message)) <= {"font"}
        for link in live_links(message):
            assert web_link(link)
        if form.msg_type == "interactive":
            assert check(form.content) == []
            assert count_tags(form.content)[0] == tagged_nodes(form.content) <= MOST_NODES
            assert count_tags(form.content)[1] <= MOST_TABLES
        if form.msg_type == "text":
            assert len(form.content["text"]) <= MOST_TEXT
        json.dumps(form.content, ensure_ascii=False).encode()  # no half of a pair


@given(report=ANY)
def test_only_links_of_the_report_are_links(report: Report) -> None:
    document = report_document(report)
    links = {_bare(link) for link in _links(document.blocks)}
    for render in (card_v2, card_v1):
        links_of_card = live_links({"msg_type": "interactive", "content": render(document)})
        assert {_bare(link) for link in links_of_card} <= links


def _bare(link: str) -> str:
    """A link without what is written as %XX in markup."""
    return unquote(link)


@given(report=ANY)
def test_a_reader_sees_all_words(report: Report) -> None:
    """What stands in the document is what a reader of the card sees."""
    document = report_document(report)
    for render in (card_v2, card_v1):
        card = render(document)
        seen = _squeezed(visible_text(card))
        assert [
            words
            for words in _texts((document.blocks, document.foot))
            if _squeezed(words) not in seen
        ] == []


@given(report=ANY)
def test_a_preview_shows_what_the_fitted_card_says(report: Report) -> None:
    document = report_document(report)
    preview = on_card(document)
    card = fitted_card(document)
    assert card["body"] == card_v2(preview.document)["body"]
    seen = _squeezed(visible_text(card))
    shown = preview.document
    header = (shown.title, shown.subtitle)
    assert [words for words in header if _squeezed(words) not in seen] == []
    texts = _texts((shown.blocks, shown.foot))
    assert [words for words in texts if _squeezed(words) not in seen] == []
    assert (preview.left_out > 0) == (
        _texts((shown.blocks, shown.foot)) != _texts((document.blocks, document.foot))
    )


def _texts(value: Any) -> list[str]:
    """The words of all spans."""
    if isinstance(value, Span):
        return [value.text]
    if isinstance(value, (tuple, list)):
        return [words for entry in value for words in _texts(entry)]
    return [
        words for name in getattr(value, "__slots__", ()) for words in _texts(getattr(value, name))
    ]


def _squeezed(words: str) -> str:
    """Without blanks, bullets, and what tables and lists write between cells."""
    return re.sub(r"[\s　•:,|~∼]|\\u[0-9a-f]{4}", "", words)


@given(report=ANY)
def test_what_is_left_out_is_counted(report: Report) -> None:
    """Shown and left out together stay the same, however much is removed."""
    document = report_document(report)
    total = _entries(document)
    for removed in {0, 1, details(document) // 2, details(document)}:
        assert _entries(shorter(document, removed)) == total
    bare = shorter(document, details(document))
    assert not any(map(_rows, filter(_can_be_cut, bare.blocks)))
    essential = [block for block in document.blocks if getattr(block, "essential", False)]
    assert [block for block in bare.blocks if getattr(block, "essential", False)] == essential


def _can_be_cut(block: Block) -> bool:
    return isinstance(block, Section) or (isinstance(block, Table) and not block.essential)


def _rows(block: Any) -> tuple[Any, ...]:
    return block.items if isinstance(block, Section) else block.rows


def _entries(document: Document) -> list[int]:
    return [
        len(_rows(block)) + block.more
        for block in document.blocks
        if isinstance(block, (Section, Table))
    ]
