"""A font that has Chinese, wherever the report is made."""

from __future__ import annotations

from functools import cache
from importlib.resources import as_file, files

from matplotlib import font_manager

from socialcap.errors import OutputError

_PACKAGE, _FILE = "pylopdf_fonts_zh_cn", "NotoSansSC-Regular.otf"


@cache
def chinese_font() -> str:
    """The family name of a registered font with Latin and Chinese glyphs.

    Raises OutputError where the package that carries it is not installed.
    """
    try:
        with as_file(files(_PACKAGE) / _FILE) as path:
            font_manager.fontManager.addfont(path)
            return font_manager.FontProperties(fname=path).get_name()
    except (ModuleNotFoundError, FileNotFoundError) as error:
        raise OutputError(
            "figures need a font with Chinese, which comes with: pip install pylopdf-fonts-zh-cn"
        ) from error
