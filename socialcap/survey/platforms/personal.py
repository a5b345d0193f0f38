"""Which columns identify a person: told by their heading together with what stands in them."""

from __future__ import annotations

import re
from collections import Counter

import pyarrow as pa

HEADINGS = re.compile(
    r"(?:企业|公司|单位)(?:全称|名称|名$)|法人代表|法定代表人|联系人|姓名|手机|电话|联系方式|身份证"
    r"|微信号|微信昵称|昵称|QQ号|邮箱|住址|地址|经纬度|经度|纬度|定位"
    r"|(?<![a-z])(?:e-?mail|phone|mobile|telephone|tel|wechat|weixin|whatsapp|latitude|longitude|gps|geopoint"
    r"|passport|nickname|ip ?address|national id|contact (?:number|person|details)"
    r"|(?:first|last|full|family|given|respondent'?s?|owner'?s?|contact|company|firm|business|enterprise) ?name"
    r")"
    r"(?![a-z])",
    re.IGNORECASE,
)
CONTENTS = (
    re.compile(r"\d{1,3}(\.\d{1,3}){3}(\(.*\)|（.*）)?"),
    re.compile(r"(\+?86[- ]?)?1[3-9]\d{9}"),
    re.compile(r"[^@\s]+@[^@\s]+\.[A-Za-z]{2,}"),
    re.compile(r"\d{17}[\dXx]"),
    re.compile(r"-?\d{1,3}\.\d{3,}[ ,，;]+-?\d{1,3}\.\d{3,}([ ,;].*)?"),
)
SAMPLE = 200
FEW_ANSWERS = 12
CODE = re.compile(r"-?\d{1,2}")
SHORTEST = 6


def is_personal(heading: str, column: pa.ChunkedArray) -> bool:
    """Whether a column seems to hold names, addresses, phone numbers or positions.

    A heading that asks for one counts unless the answers are those of a closed question (has a telephone:
    yes or no); half of the cells looking like an IP address, mobile number, e-mail address, identity number
    or pair of coordinates counts under any heading.
    """
    cells = Counter(cell.strip() for cell in column.slice(0, SAMPLE).to_pylist())
    del cells[""]
    identifying = sum(times for cell, times in cells.items() if _identifies(cell))
    if cells and 2 * identifying >= cells.total():
        return True
    return bool(HEADINGS.search(heading.replace("_", " "))) and not _closed(cells)


def _identifies(cell: str) -> bool:
    return len(cell) >= SHORTEST and any(pattern.fullmatch(cell) for pattern in CONTENTS)


def _closed(cells: Counter[str]) -> bool:
    """Whether these are answers to choose from: codes of a digit or two, or few answers often repeated."""
    if not cells:
        return False
    if all(CODE.fullmatch(cell) for cell in cells):
        return True
    return len(cells) <= FEW_ANSWERS and 3 * len(cells) <= cells.total()
