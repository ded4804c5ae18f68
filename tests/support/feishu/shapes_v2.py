"""Card schema 2.0: which tags there are, and which properties each may and must have.

The vendor's component pages name more tags (forms, selects, people, audio). A report does not use
them, so they are refused here. Buttons may only open links: a custom bot has no callbacks.
"""

import re

from tests.support.feishu.shapes import (
    FLAG,
    ID,
    NUMBER,
    OBJECT,
    TEXT,
    URL,
    ByName,
    Each,
    Is,
    Named,
    Rule,
    Shape,
    edges,
    element,
    one_of,
    pixels,
    tags,
    whole,
)

TEMPLATES = (
    "blue",
    "wathet",
    "turquoise",
    "green",
    "yellow",
    "orange",
    "red",
    "carmine",
    "violet",
    "purple",
    "indigo",
    "grey",
    "default",
)
TAG_COLOURS = one_of(
    "neutral",
    "blue",
    "turquoise",
    "lime",
    "orange",
    "violet",
    "indigo",
    "wathet",
    "green",
    "yellow",
    "red",
    "purple",
    "carmine",
)
SIZE = Named(
    "text_size",
    re.compile(r"heading(-[0-4])?|normal|notation|x{1,4}-large|large|medium|small|x-small"),
)
COLOUR = Named(
    "color",
    re.compile(
        r"default|bg-white|white"
        r"|(blue|carmine|green|indigo|lime|grey|orange|purple|red|sunflower|turquoise|violet"
        r"|wathet|yellow)"
        r"(-(50|100|200|300|350|400|500|600|700|800|900))?"
        r"|rgba\(\s*(\d{1,3}\s*,\s*){3}(0|1|[01]?\.\d+)\s*\)"
    ),
)

MARGIN, PADDING = edges(-99, 99), edges(0, 99)
GAP = pixels(0, 99, "small", "medium", "large", "extra_large")
ACROSS, DOWN = one_of("left", "center", "right"), one_of("top", "center", "bottom")
DIRECTION = one_of("vertical", "horizontal")
LANGUAGES = ByName(TEXT)

PLAIN, ANY_TEXT = tags("plain_text"), tags("plain_text", "lark_md")
ICON = tags("standard_icon", "custom_icon")
BODY_TAGS = (
    "markdown",
    "div",
    "hr",
    "table",
    "chart",
    "collapsible_panel",
    "column_set",
    "button",
    "img",
)
NESTED = tags(*(tag for tag in BODY_TAGS if tag != "table"))

COMMON: dict[str, Rule] = {"element_id": ID, "margin": MARGIN}
LAYOUT: dict[str, Rule] = {
    "direction": DIRECTION,
    "padding": PADDING,
    "horizontal_spacing": GAP,
    "horizontal_align": ACROSS,
    "vertical_spacing": GAP,
    "vertical_align": DOWN,
}
_WORDS: dict[str, Rule] = {
    "element_id": ID,
    "text_size": SIZE,
    "text_color": COLOUR,
    "text_align": ACROSS,
    "lines": whole(1, 999),
    "i18n_content": LANGUAGES,
}
_LINKS: dict[str, Rule] = {"pc_url": URL, "ios_url": URL, "android_url": URL}
_JUMP = Shape({"multi_url": Shape({"url": URL}, _LINKS)})
_OPEN = Shape({"type": one_of("open_url"), "default_url": URL}, _LINKS)

_WIDTHS = (pixels(80, 600, "auto"), pixels(1, 100, unit="%"))
COLUMN = Shape(
    {
        "name": TEXT,
        "data_type": one_of("text", "lark_md", "markdown", "number", "options", "persons", "date"),
    },
    {
        "display_name": TEXT,
        "width": Is("width of a column", lambda value: any(rule.holds(value) for rule in _WIDTHS)),
        "horizontal_align": ACROSS,
        "vertical_align": DOWN,
        "format": Shape({}, {"symbol": TEXT, "precision": whole(0, 10), "separator": FLAG}),
        "date_format": TEXT,
    },
)
HEADER_STYLE = Shape(
    {},
    {
        "text_align": ACROSS,
        "text_size": one_of("normal", "heading"),
        "background_style": one_of("none", "grey"),
        "text_color": one_of("default", "grey"),
        "bold": FLAG,
        "lines": whole(1, 999),
    },
)
PANEL_HEADER = Shape(
    {"title": tags("plain_text", "markdown")},
    {
        "background_color": COLOUR,
        "vertical_align": DOWN,
        "padding": PADDING,
        "position": one_of("top", "bottom"),
        "width": pixels(16, 999, "fill", "auto", "auto_when_fold"),
        "icon": ICON,
        "icon_position": one_of("left", "right", "follow_text"),
        "icon_expanded_angle": Is(
            "angle", lambda value: type(value) is int and value in (-180, -90, 90, 180)
        ),
    },
)

ELEMENTS: dict[str, Shape] = {
    "plain_text": element({"content": TEXT}, _WORDS),
    "lark_md": element({"content": TEXT}, _WORDS),
    "standard_icon": element({"token": TEXT}, {"color": COLOUR, "size": PADDING}),
    "custom_icon": element({"img_key": TEXT}, {"size": PADDING}),
    "text_tag": element({"text": PLAIN}, {"element_id": ID, "color": TAG_COLOURS}),
    "markdown": element(
        {"content": TEXT},
        COMMON | {"text_size": SIZE, "text_align": ACROSS, "icon": ICON, "i18n_content": LANGUAGES},
    ),
    "div": element(
        {},
        COMMON
        | {
            "text": ANY_TEXT,
            "icon": ICON,
            "width": pixels(16, 999, "fill", "auto"),
            "fields": Each(Shape({"text": ANY_TEXT}, {"is_short": FLAG}), least=1),
        },
        "text",
        "fields",
    ),
    "hr": element({}, COMMON),
    "img": element(
        {"img_key": TEXT, "alt": PLAIN},
        COMMON
        | {
            "title": PLAIN,
            "corner_radius": PADDING,
            "scale_type": one_of("crop_center", "crop_top", "fit_horizontal"),
            "size": TEXT,
            "transparent": FLAG,
            "preview": FLAG,
            "mode": TEXT,
            "custom_width": TEXT,
            "compact_width": FLAG,
        },
    ),
    "button": element(
        {"text": ANY_TEXT, "behaviors": Each(_OPEN, least=1)},
        COMMON
        | {
            "type": one_of(
                "default",
                "primary",
                "danger",
                "text",
                "primary_text",
                "danger_text",
                "primary_filled",
                "danger_filled",
                "laser",
            ),
            "size": one_of("tiny", "small", "medium", "large"),
            "width": pixels(100, 9999, "default", "fill"),
            "icon": ICON,
            "hover_tips": PLAIN,
            "disabled": FLAG,
            "disabled_tips": PLAIN,
            "name": TEXT,
            "confirm": Shape({"title": PLAIN, "text": PLAIN}),
        },
    ),
    "column_set": element(
        {"columns": Each(tags("column"), least=1)},
        COMMON
        | {
            "horizontal_spacing": GAP,
            "horizontal_align": ACROSS,
            "background_style": COLOUR,
            "action": _JUMP,
            "flex_mode": one_of("none", "stretch", "flow", "bisect", "trisect"),
        },
    ),
    "column": element(
        {},
        COMMON
        | LAYOUT
        | {
            "background_style": COLOUR,
            "width": pixels(16, 600, "auto", "weighted"),
            "weight": whole(1, 5),
            "action": _JUMP,
            "elements": Each(NESTED),
        },
    ),
    "collapsible_panel": element(
        {"header": PANEL_HEADER, "elements": Each(NESTED, least=1)},
        COMMON
        | LAYOUT
        | {
            "expanded": FLAG,
            "background_color": COLOUR,
            "border": Shape({}, {"color": COLOUR, "corner_radius": PADDING}),
        },
    ),
    "table": element(
        {"columns": Each(COLUMN, least=1, most=50), "rows": Each(OBJECT)},
        COMMON
        | {
            "page_size": whole(1, 10),
            "row_height": pixels(32, 124, "low", "middle", "high", "auto"),
            "row_max_height": pixels(32, 999),
            "freeze_first_column": FLAG,
            "header_style": HEADER_STYLE,
        },
    ),
    "chart": element(
        {"chart_spec": OBJECT},
        COMMON
        | {
            "aspect_ratio": one_of("1:1", "2:1", "4:3", "16:9"),
            "preview": FLAG,
            "height": pixels(1, 999, "auto"),
            "color_theme": one_of("brand", "rainbow", "complementary", "converse", "primary"),
        },
    ),
}

_STREAM = Shape({}, {"default": NUMBER, "android": NUMBER, "ios": NUMBER, "pc": NUMBER})
_CONFIG = Shape(
    {},
    {
        "streaming_mode": FLAG,
        "streaming_config": Shape(
            {},
            {
                "print_frequency_ms": _STREAM,
                "print_step": _STREAM,
                "print_strategy": one_of("fast", "delay"),
            },
        ),
        "summary": Shape({"content": TEXT}, {"i18n_content": LANGUAGES}),
        "locales": Each(TEXT),
        "enable_forward": FLAG,
        "update_multi": Is("update_multi, which may only be true", lambda value: value is True),
        "width_mode": one_of("default", "compact", "fill"),
        "use_custom_translation": FLAG,
        "enable_forward_interaction": FLAG,
        "style": Shape(
            {},
            {
                "text_size": ByName(Shape({}, {"default": SIZE, "pc": SIZE, "mobile": SIZE})),
                "color": ByName(Shape({"light_mode": COLOUR, "dark_mode": COLOUR})),
            },
        ),
    },
)
CARD = Shape(
    {"schema": one_of("2.0")},
    {
        "config": _CONFIG,
        "card_link": Shape({"url": URL}, _LINKS),
        "header": Shape(
            {"title": ANY_TEXT},
            {
                "subtitle": ANY_TEXT,
                "text_tag_list": Each(tags("text_tag"), most=3),
                "icon": ICON,
                "i18n_text_tag_list": ByName(Each(tags("text_tag"), most=3)),
                "template": one_of(*TEMPLATES),
                "padding": PADDING,
            },
        ),
        "body": Shape({"elements": Each(tags(*BODY_TAGS))}, LAYOUT),
    },
)
GONE = frozenset({"note", "action"})
