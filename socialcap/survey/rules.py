"""Why a cell changed, or a respondent left: the rules that the ledger names."""

from __future__ import annotations

from enum import StrEnum

from socialcap.results import Text


class Rule(StrEnum):
    """The rule under which a cell was changed."""

    PLATFORM_MARKER = "platform_marker"
    MISSING_CODE = "missing_code"
    MISSING_OPTION = "missing_option"
    WHITE_SPACE = "white_space"
    TRIMMED = "trimmed"
    CODE_FORM = "code_form"
    LABEL = "label"
    NOTATION = "notation"
    SPLIT = "split"
    NOT_TICKED = "not_ticked"
    UNREADABLE = "unreadable"
    OUT_OF_RANGE = "out_of_range"
    NOT_ASKED = "not_asked"
    REVERSED = "reversed"

    @property
    def label(self) -> Text:
        """The rule in words."""
        return _LABELS[self]


_LABELS = {
    Rule.PLATFORM_MARKER: Text("Platform's mark for no answer", "平台的无答案标记"),
    Rule.MISSING_CODE: Text("Declared missing code", "声明的缺失代码"),
    Rule.MISSING_OPTION: Text("Option that means no answer", "表示未作答的选项"),
    Rule.WHITE_SPACE: Text("Only white space", "仅含空白字符"),
    Rule.TRIMMED: Text("Outer white space or invisible marks removed", "去除首尾空白或不可见字符"),
    Rule.CODE_FORM: Text("Code written in another form", "代码写法统一"),
    Rule.LABEL: Text("Label replaced by its code", "选项文字转为代码"),
    Rule.NOTATION: Text("Number, date or duration written in another form", "数字、日期或时长写法统一"),
    Rule.SPLIT: Text("Multiple choice split into options", "多选题拆分为各选项"),
    Rule.NOT_TICKED: Text("Not ticked, while another option was", "未勾选（同题另有勾选）"),
    Rule.UNREADABLE: Text("Unreadable as the declared type", "无法按声明的类型识别"),
    Rule.OUT_OF_RANGE: Text("Outside the range", "超出取值范围"),
    Rule.NOT_ASKED: Text("Answered although not asked", "按跳题规则不应作答"),
    Rule.REVERSED: Text("Reverse-coded", "反向计分"),
}
