"""Tests of the stand-in's rules for cards, and of its reader of messages.

The rules say which cards are refused, and with which code. The reader says what in a text is live.
"""

import copy
import json
import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft7Validator

from tests.support.feishu import cards_v1 as feishu_cards_v1
from tests.support.feishu.cards import (
    check,
    check_v1,
    check_v2,
    image_keys,
    live_links,
    live_mentions,
    live_tags,
    tagged_nodes,
    visible_text,
)

Json = dict[str, Any]

ICON = {"tag": "standard_icon", "token": "chat_outlined", "color": "orange", "size": "16px 16px"}
MARKDOWN = {
    "tag": "markdown",
    "content": "**b** [t](https://a.example/x)",
    "text_size": "heading-2",
    "margin": "4px 0",
}
BUTTON = {
    "tag": "button",
    "text": {"tag": "plain_text", "content": "Open"},
    "type": "primary",
    "behaviors": [{"type": "open_url", "default_url": "https://ci.example/1"}],
}
TABLE = {
    "tag": "table",
    "element_id": "runs",
    "page_size": 10,
    "row_height": "auto",
    "row_max_height": "80px",
    "header_style": {"bold": True, "background_style": "grey"},
    "columns": [
        {"name": "job", "display_name": "Job", "data_type": "lark_md", "width": "40%"},
        {"name": "rate", "data_type": "number", "format": {"precision": 1}},
        {"name": "state", "data_type": "options"},
    ],
    "rows": [
        {
            "job": "[unit](https://ci.example/unit)",
            "rate": 12.5,
            "state": [{"text": "red", "color": "red"}],
        }
    ],
}
CHART = {
    "tag": "chart",
    "aspect_ratio": "16:9",
    "chart_spec": {
        "type": "line",
        "title": {"text": "Failures"},
        "data": {"values": [{"day": "Mon", "n": 3, "s": "unit"}]},
        "xField": "day",
        "yField": "n",
        "seriesField": "s",
        "media": [],
    },
}
BAR = {"type": "bar", "dataId": "a", "xField": ["x", "s"], "yField": "y"}
LINE = {"type": "line", "dataIndex": 1, "xField": "x", "yField": "y"}
COMMON: Json = {
    "type": "common",
    "series": [BAR, LINE],
    "data": [
        {"id": "a", "values": [{"x": "Mon", "s": "unit", "y": 1}]},
        {"values": [{"x": "Mon", "y": 2}]},
    ],
}
COLUMNS = {
    "tag": "column_set",
    "columns": [{"tag": "column", "weight": 1, "elements": [BUTTON, {"tag": "hr"}]}],
}
PANEL = {
    "tag": "collapsible_panel",
    "expanded": False,
    "header": {
        "title": {"tag": "markdown", "content": "more"},
        "icon": ICON,
        "icon_expanded_angle": -180,
    },
    "border": {"color": "grey", "corner_radius": "5px"},
    "elements": [MARKDOWN, CHART],
}
DIV = {"tag": "div", "text": {"tag": "lark_md", "content": "*i*", "lines": 2}, "icon": ICON}
V2: Json = {
    "schema": "2.0",
    "config": {
        "update_multi": True,
        "width_mode": "fill",
        "summary": {"content": "3 failures"},
        "style": {"text_size": {"own": {"default": "medium", "mobile": "large"}}},
    },
    "header": {
        "title": {"tag": "plain_text", "content": "CI"},
        "template": "red",
        "text_tag_list": [
            {"tag": "text_tag", "text": {"tag": "plain_text", "content": "new"}, "color": "lime"}
        ],
    },
    "body": {
        "vertical_spacing": "8px",
        "elements": [MARKDOWN, DIV, {"tag": "hr"}, TABLE, CHART, PANEL, COLUMNS],
    },
}
V1: Json = {
    "config": {"wide_screen_mode": True, "update_multi": True},
    "header": {"title": {"tag": "plain_text", "content": "CI"}, "template": "green"},
    "elements": [
        {"tag": "markdown", "content": "**b** [t](https://a.example/x)", "text_align": "left"},
        {"tag": "div", "fields": [{"is_short": True, "text": {"tag": "lark_md", "content": "a"}}]},
        {"tag": "hr"},
        {"tag": "img", "img_key": "img_1", "alt": {"tag": "plain_text", "content": "chart"}},
        {"tag": "note", "elements": [{"tag": "plain_text", "content": "made by ci-stat"}]},
        {
            "tag": "action",
            "actions": [
                {
                    "tag": "button",
                    "text": {"tag": "plain_text", "content": "Open"},
                    "type": "primary",
                    "multi_url": {"url": "https://ci.example/1", "pc_url": "https://ci.example/2"},
                }
            ],
        },
    ],
}


def body(*elements: Json, **more: Any) -> Json:
    return {"schema": "2.0", "body": {"elements": list(elements)}} | more


def markdown(content: str) -> Json:
    return body({"tag": "markdown", "content": content})


def v1(*elements: Json, **more: Any) -> Json:
    return {"elements": list(elements)} | more


def with_values(chart: Json, **changes: Any) -> Json:
    return chart | {"chart_spec": {**chart["chart_spec"], **changes}}


def nested(levels: int) -> Json:
    inner: Json = {"tag": "hr"}
    for _ in range(levels):
        inner = {"tag": "column_set", "columns": [{"tag": "column", "elements": [inner]}]}
    return inner


def test_good_cards_have_no_faults() -> None:
    assert check(V2) == []
    assert check(V1) == []
    assert check({}) == []  # a blank card
    assert check_v2(json.loads(json.dumps(V2))) == []


def test_a_custom_text_size_is_one_that_the_card_defines() -> None:
    own = MARKDOWN | {"text_size": "own"}
    assert check(body(own, config=V2["config"])) == []
    assert check(body(own))[0].code == 200621


def test_a_common_chart_has_several_series() -> None:
    empty = [COMMON["data"][0], {"values": []}]
    assert [
        check(body(CHART | {"chart_spec": each})) for each in (COMMON, COMMON | {"data": empty})
    ] == [[], []]
    for changes in (
        {"series": [BAR | {"dataId": "b"}]},
        {"series": [LINE | {"dataIndex": 2}]},
        {"data": empty[1:]},
    ):
        assert check(body(CHART | {"chart_spec": COMMON | changes}))[0].code == 200550


BAD_V2 = {
    "gone note": (body({"tag": "note", "elements": []}), 200861),
    "gone action": (body({"tag": "action", "actions": []}), 200861),
    "unknown tag": (body({"tag": "divider"}), 11310),
    "no tag": (body({"content": "x"}), 200621),
    "wide_screen_mode": (body(config={"wide_screen_mode": True}), 200621),
    "elements at the top": (body() | {"elements": []}, 200621),
    "fallback": (body(fallback={}), 200621),
    "tag in the header": (
        body(header={"tag": "header", "title": {"tag": "plain_text", "content": ""}}),
        200621,
    ),
    "header without title": (body(header={"template": "red"}), 200621),
    "template": (
        body(header={"title": {"tag": "plain_text", "content": ""}, "template": "pink"}),
        200621,
    ),
    "update_multi": (body(config={"update_multi": False}), 200621),
    "direction": ({"schema": "2.0", "body": {"elements": [], "direction": "down"}}, 200621),
    "unknown property": (body(MARKDOWN | {"href": {}}), 200621),
    "missing property": (body({"tag": "markdown"}), 200621),
    "text size": (body(MARKDOWN | {"text_size": "huge"}), 200621),
    "margin": (body(MARKDOWN | {"margin": "100px"}), 200621),
    "element_id": (body({"tag": "hr", "element_id": "1st"}), 200621),
    "long element_id": (body({"tag": "hr", "element_id": "a" * 21}), 200621),
    "same element_id": (body(*[{"tag": "hr", "element_id": "a"}] * 2), 200621),
    "colour": (body(PANEL | {"background_color": "#999999"}), 200621),
    "nothing in a div": (body({"tag": "div"}), 200621),
    "elements in a div": (body(DIV | {"elements": []}), 200621),
    "text at the top": (body({"tag": "plain_text", "content": "x"}), 200621),
    "column at the top": (body({"tag": "column", "elements": []}), 200621),
    "corner of a column set": (body(COLUMNS | {"corner_radius": "8px"}), 200621),
    "weight": (body({"tag": "column_set", "columns": [{"tag": "column", "weight": 6}]}), 200621),
    "true is no number": (body(TABLE | {"page_size": True}), 200621),
    "table in a panel": (body(PANEL | {"elements": [TABLE]}), 200621),
    "table in a column": (
        body({"tag": "column_set", "columns": [{"tag": "column", "elements": [TABLE]}]}),
        200621,
    ),
    "page size": (body(TABLE | {"page_size": 11}), 200621),
    "columns": (
        body(TABLE | {"columns": [{"name": f"c{n}", "data_type": "text"} for n in range(51)]}),
        200621,
    ),
    "data type": (body(TABLE | {"columns": [{"name": "a", "data_type": "string"}]}), 200621),
    "cell of no column": (body(TABLE | {"rows": [{"other": "x"}]}), 200915),
    "cell of another type": (body(TABLE | {"rows": [{"rate": "12.5"}]}), 200914),
    "option": (body(TABLE | {"rows": [{"state": "red"}]}), 200914),
    "two columns of one name": (
        body(TABLE | {"columns": [{"name": "a", "data_type": "text"}] * 2, "rows": []}),
        200915,
    ),
    "six tables": (body(*[{**TABLE, "element_id": f"t{n}"} for n in range(6)]), 11310),
    "two hundred and one": (body(*[{"tag": "hr"}] * 201), 11310),
    "depth": (body(nested(6)), 200621),
    "no chart": (body(with_values(CHART, type="donut")), 200550),
    "chart without data": (body(with_values(CHART, data={"values": []})), 200550),
    "chart without field": (body(with_values(CHART, xField="hour")), 200550),
    "chart with function": (
        body(with_values(CHART, label={"formatMethod": "(v) => v + '%'"})),
        200550,
    ),
    "chart with null": (body(with_values(CHART, axes=None)), 200550),
    "chart with infinity": (
        body(with_values(CHART, data={"values": [{"day": 1, "n": float("inf")}]})),
        200550,
    ),
    "button without link": (body({"tag": "button", "text": BUTTON["text"]}), 200621),
    "button of schema 1.0": (body(BUTTON | {"url": "https://a.example"}), 200621),
    "callback": (body(BUTTON | {"behaviors": [{"type": "callback", "value": {}}]}), 200621),
    "scheme": (
        body(BUTTON | {"behaviors": [{"type": "open_url", "default_url": "javascript:alert(1)"}]}),
        200621,
    ),
    "no host": (
        body(BUTTON | {"behaviors": [{"type": "open_url", "default_url": "https:///x"}]}),
        200621,
    ),
    "no object": (["schema"], 200621),
    "other schema": ({"schema": "3.0"}, 200621),
    "template card": ({"type": "template", "data": {"template_id": "AAq"}}, 200380),
}


@pytest.mark.parametrize(("card", "code"), BAD_V2.values(), ids=BAD_V2)
def test_bad_cards_of_schema_2(card: Json, code: int) -> None:
    assert [fault.code for fault in check(card)][:1] == [code]


def test_faults_read_like_the_real_ones() -> None:
    (gone,) = check(body({"tag": "hr"}, {"tag": "action", "actions": []}))
    assert str(gone) == (
        "ErrCode: 200861; ErrPath: ROOT -> body -> elements -> [1](tag: action); "
        "ErrMsg: cards of schema V2 no longer support this capability; "
        "ErrorValue: unsupported tag action; "
    )
    (unknown,) = check(body(COLUMNS | {"corner_radius": "8px"}))
    path = "ROOT -> body -> elements -> [0](tag: column_set)"
    assert unknown.code == 200621
    assert str(unknown).endswith(
        f"; ErrorValue: unknown property, property: corner_radius, path: {path}; "
    )


def test_tables_in_markdown_count_unless_they_are_code() -> None:
    table = "| a | b |\n|---|---|\n| 1 | 2 |\n\n"
    two = {"tag": "markdown", "content": table * 2}
    assert check(body(two, two, TABLE)) == []
    assert check(body(two, two, TABLE, TABLE | {"element_id": "x"}))[0].value == "table"
    assert check(markdown(table * 5))[0].code == 11310  # at most four in one text
    assert check(markdown(f"```\n{table * 9}\n```")) == []


def test_nodes_are_counted_like_the_server_does() -> None:
    assert tagged_nodes(body({"tag": "hr"}, DIV, BUTTON, TABLE, CHART)) == 8
    assert tagged_nodes(V1) == 12
    assert check(body(*[{"tag": "hr"}] * 200)) == []
    assert check(body(nested(5))) == []


BAD_V1 = {
    "table": v1(TABLE),
    "chart": v1(CHART),
    "panel": v1(PANEL),
    "columns": v1(COLUMNS),
    "header colour": v1(header={"title": {"tag": "plain_text", "content": ""}, "template": "pink"}),
    "header colour of 2.0": v1(
        header={"title": {"tag": "plain_text", "content": ""}, "template": "default"}
    ),
    "lark_md in the header": v1(header={"title": {"tag": "lark_md", "content": ""}}),
    "misspelt": v1(header={"titel": {"tag": "plain_text", "content": ""}}),
    "empty div": v1({"tag": "div"}),
    "dead button": v1(
        {
            "tag": "action",
            "actions": [{"tag": "button", "text": {"tag": "plain_text", "content": ""}}],
        }
    ),
    "button at the top": v1(BUTTON),
    "markdown in a note": v1({"tag": "note", "elements": [{"tag": "markdown", "content": ""}]}),
    "body": v1(body={"elements": []}),
}


@pytest.mark.parametrize("card", BAD_V1.values(), ids=BAD_V1)
def test_bad_cards_of_schema_1(card: Json) -> None:
    assert check_v1(card)


@pytest.mark.parametrize("card", [V1, *BAD_V1.values()], ids=["good", *BAD_V1])
def test_our_rules_say_no_less_than_the_vendors_types(
    card: Json, monkeypatch: pytest.MonkeyPatch
) -> None:
    if not feishu_cards_v1.CONTRACT.is_file():
        contract = feishu_cards_v1.CONTRACT.name
        pytest.skip(f"the vendor's types are not here: no {contract} beside the checkout")
    with_types = check_v1(card)
    monkeypatch.setattr(feishu_cards_v1, "_contract", lambda: Draft7Validator({}))
    assert check_v1(card) == with_types


AT = "<at id=all></at>"
MENTIONS = {
    "markdown": (markdown(f"a {AT}"), 1),
    "entities": (markdown("&#60;at id=all&#62; &lt;at id=all>"), 0),
    "backslash": (markdown("\\<at id=all>"), 1),
    "fence": (markdown(f"```\n{AT}\n```"), 0),
    "after a fence": (markdown(f"```\nx\n```\n{AT}"), 1),
    "short fence does not end it": (markdown(f"````\n```\n{AT}\n````"), 0),
    "fence with a word does not end it": (markdown(f"```\n```python\n{AT}\n```"), 0),
    "carriage return ends a line": (markdown(f"```\rx\r```\r{AT}"), 1),
    "open fence": (markdown(f"```\n{AT}"), 0),
    "code span": (markdown(f"a `{AT}` b"), 0),
    "longer code span": (markdown(f"``a ` {AT}``"), 0),
    "span that is none": (markdown(f"`a {AT}"), 1),
    "span that began before": (markdown(f"a `b\nc `{AT}` d"), 1),
    "span over a paragraph's end": (markdown(f"`a\n\n{AT}`"), 1),
    "span after a backslash": (markdown(f"\\`{AT}`"), 1),
    "spelt otherwise": (markdown("< AT\n user_id='all' >"), 1),
    "attachment is no mention": (markdown("<attach id=1>"), 0),
    "lark_md has no code": (
        body({"tag": "div", "text": {"tag": "lark_md", "content": f"```\n`{AT}`\n```"}}),
        1,
    ),
    "plain_text": (body({"tag": "div", "text": {"tag": "plain_text", "content": AT}}), 0),
    "markdown 1.0 has no spans": (v1({"tag": "markdown", "content": f"`{AT}`"}), 1),
    "markdown 1.0 has fences": (v1({"tag": "markdown", "content": f"```\n{AT}\n```"}), 0),
    "header": (body(header={"title": {"tag": "lark_md", "content": AT}}), 1),
    "panel's title": (body(PANEL | {"header": {"title": {"tag": "markdown", "content": AT}}}), 1),
    "cell": (body(TABLE | {"rows": [{"job": AT}]}), 1),
    "option's text": (body(TABLE | {"rows": [{"state": [{"text": AT}]}]}), 0),
    "chart": (body(with_values(CHART, title={"text": AT})), 0),
    "other language": (body({"tag": "markdown", "content": "a", "i18n_content": {"zh_cn": AT}}), 1),
    "text": ({"msg_type": "text", "content": {"text": AT}}, 1),
    "text as a string": (f"hi {AT}", 1),
    "text in JSON": (json.dumps({"text": AT}), 1),
    "escaped text": ("&lt;at user_id=all&gt;", 0),
    "post": ({"post": {"en_us": {"title": AT, "content": [[{"tag": "text", "text": AT}]]}}}, 2),
    "unescaped post": (
        {"zh_cn": {"content": [[{"tag": "text", "text": "&lt;at a&gt;", "un_escape": True}]]}},
        0,
    ),
    "at node": ({"zh_cn": {"content": [[{"tag": "at", "user_id": "all"}]]}}, 1),
}


@pytest.mark.parametrize(("message", "number"), MENTIONS.values(), ids=MENTIONS)
def test_live_mentions(message: Any, number: int) -> None:
    assert len(live_mentions(message)) == number


EVIL = "https://evil.example/x"
LINKS = {
    "link": (markdown(f"[t]({EVIL})"), [EVIL]),
    "link with a title": (markdown(f'[t](<{EVIL}> "title")'), [EVIL]),
    "link to anything": (markdown("[call](tel://110)"), ["tel://110"]),
    "entity in a link": (
        markdown("[t](https://evil.example/?a=1&amp;b=2)"),
        ["https://evil.example/?a=1&b=2"],
    ),
    "escaped link": (markdown("&#91;t&#93;&#40;evil.example&#41;"), []),
    "half escaped": (markdown(f"&#91;t]({EVIL})"), [EVIL]),
    "bare": (markdown(f"see {EVIL}."), [EVIL]),
    "bare www": (markdown("see WWW.evil.example, now"), ["WWW.evil.example"]),
    "escaped bare": (markdown("see https&#58;//evil.example"), []),
    "autolink": (markdown(f"<{EVIL}>"), [EVIL]),
    "reference": (markdown(f"[t][r]\n\n[r]: {EVIL}"), [EVIL]),
    "a": (markdown(f"<a href='{EVIL}'></a>"), [EVIL]),
    "link tag": (markdown(f"<link icon='x' url=\"{EVIL}\" pc_url=''>t</link>"), [EVIL]),
    "image": (markdown("![hover](img_v3_1)"), ["img_v3_1"]),
    "code": (markdown(f"`{EVIL}`"), []),
    "code in lark_md": (
        body({"tag": "div", "text": {"tag": "lark_md", "content": f"`{EVIL}`"}}),
        [EVIL],
    ),
    "cell": (body(TABLE), ["https://ci.example/unit"]),
    "plain_text": (body({"tag": "div", "text": {"tag": "plain_text", "content": EVIL}}), []),
    "button": (body(BUTTON), ["https://ci.example/1"]),
    "button of schema 1.0": (
        v1(V1["elements"][-1]),
        ["https://ci.example/1", "https://ci.example/2"],
    ),
    "card": (body(card_link={"url": EVIL}), [EVIL]),
    "column": (body(COLUMNS | {"action": {"multi_url": {"url": EVIL}}, "columns": []}), [EVIL]),
    "text": (f"see {EVIL} [t](other)", [EVIL]),
    "post": ({"zh_cn": {"content": [[{"tag": "a", "text": "t", "href": EVIL}]]}}, [EVIL]),
    "each once": (markdown(f"[a]({EVIL}) [b]({EVIL})"), [EVIL]),
}


@pytest.mark.parametrize(("message", "links"), LINKS.values(), ids=LINKS)
def test_live_links(message: Any, links: list[str]) -> None:
    assert live_links(message) == links


def test_tags_are_told_by_their_names() -> None:
    assert live_tags(markdown("<font color='red'>x</font> `<b>` &lt;i>")) == ["font", "font"]
    assert live_tags("<init> <at user_id=1>") == ["at"]


SHOWN = {
    "markup": (markdown("# T\n**b** *i* ~~s~~ `c` [t](https://x.example)"), "T\nb i s c t\n"),
    "entities": (markdown("&#42;&#42;a&#42;&#42; &#60;b&#62; &amp;lt;"), "**a** <b> &lt;\n"),
    "names keep their underscores": (markdown("test_a_b"), "test_a_b\n"),
    "code is as it stands": (markdown("```log\na &lt; **b**\n```"), "a &lt; **b**\n\n"),
    "tags": (markdown("<font color='red'>x</font>y"), "xy\n"),
    "table in markdown": (markdown("| a | b |\n|---|---|\n| 1 | **2** |"), "a b\n1 2\n"),
    "lark_md": (
        body({"tag": "div", "text": {"tag": "lark_md", "content": "**b** `c` &#42;"}}),
        "b `c` *\n",
    ),
    "plain_text": (
        body({"tag": "div", "text": {"tag": "plain_text", "content": "**b** &#42;"}}),
        "**b** &#42;\n",
    ),
    "table": (body(TABLE), "Job\nrate\nstate\nunit\n12.5\nred\n".replace("rate\nstate\n", "\n\n")),
    "chart": (body(CHART), "Failures\nMon\n3\nunit\n"),
    "header": (body(header=V2["header"]), "CI\nnew\n"),
    "button": (body(BUTTON), "Open\n"),
    "an image's name is not read": (v1(V1["elements"][3]), ""),
    "text": ("a &lt; b <at user_id=1>Ann</at> <init>", "a < b Ann <init>\n"),
    "post": (
        {
            "zh_cn": {
                "title": "T",
                "content": [
                    [{"tag": "text", "text": "&lt;"}, {"tag": "a", "text": "t", "href": ""}]
                ],
            }
        },
        "T\n&lt;t\n",
    ),
}


@pytest.mark.parametrize(("message", "text"), SHOWN.values(), ids=SHOWN)
def test_visible_text(message: Any, text: str) -> None:
    assert visible_text(message) == text


def in_entities(text: str) -> str:
    return "".join(sign if sign.isalnum() else f"&#{ord(sign)};" for sign in text)


@given(
    st.text(
        st.characters(exclude_categories=["C", "Z"])
        | st.sampled_from(" <>`*_~[](){}!#|\\&;:/.\"'"),
        min_size=1,
    )
)
def test_what_is_written_in_entities_is_read_and_never_live(text: str) -> None:
    hostile = f"<at id=all></at>{text}[x](https://evil.example)![](k)"
    for card in (
        markdown(in_entities(hostile)),
        v1({"tag": "markdown", "content": in_entities(hostile)}),
    ):
        assert visible_text(card) == f"{hostile}\n"
        assert [*live_mentions(card), *live_links(card), *live_tags(card), *image_keys(card)] == []


@given(
    st.text(
        st.characters(exclude_categories=["Cs"]) | st.sampled_from("<at>`~\n\r&;[]()!"), min_size=1
    )
)
def test_what_stands_in_a_longer_fence_is_never_live(text: str) -> None:
    fence = "`" * max(3, 1 + max(map(len, re.findall("`+", text)), default=0))
    for card in (
        markdown(f"{fence}\n{text}\n{fence}"),
        v1({"tag": "markdown", "content": f"{fence}\n{text}\n{fence}"}),
    ):
        assert [*live_mentions(card), *live_links(card), *live_tags(card)] == []


def test_image_keys_are_found_in_elements_and_texts() -> None:
    assert image_keys(v1(V1["elements"][3])) == ["img_1"]
    assert image_keys(markdown("![a](img_2) `![b](img_3)`")) == ["img_2"]
    assert image_keys({"msg_type": "image", "content": {"image_key": "img_3"}}) == ["img_3"]


def test_checks_leave_the_card_alone() -> None:
    before = copy.deepcopy(V2)
    check(V2)
    visible_text(V2)
    assert before == V2
