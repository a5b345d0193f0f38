"""Tables of numbers as colours."""

from __future__ import annotations

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.patches import Patch, PathPatch
from matplotlib.path import Path

from socialcap.report.figures.canvas import INK, MARK, SOFT
from socialcap.results import format_value

_NEGATIVE_TO_POSITIVE = LinearSegmentedColormap.from_list("coefficients", [MARK, "#f6f5f3", INK])
_GAP = 0.04
# Colours in steps that the eye does not tell apart, so that cells of one colour are one path.
_STEP = 0.04
_KEY = (-1.0, -0.5, 0.0, 0.5, 1.0)
# Beyond this share of the scale a cell is dark enough for white digits.
_DARK = 0.55
_QUIET = "#444b56"


def heat_cells(
    axes: Axes, values: np.ndarray, spec: str | None, *, quiet: float = 0.0, fontsize: float = 7
) -> None:
    """Cells (rows, columns) coloured from -1 to 1, first row on top, NaN left out.

    `spec` writes the values into them, those smaller than `quiet` in grey; None leaves them without.
    """
    rows, columns = values.shape
    row, column = np.nonzero(~np.isnan(values))
    seen = values[row, column]
    steps = np.rint(np.clip(seen, -1, 1) / _STEP).astype(int)
    for step in np.unique(steps):
        path = _squares(column[steps == step], row[steps == step])
        axes.add_patch(PathPatch(path, facecolor=_colour(step * _STEP), linewidth=0))
    axes.set(xlim=(-0.5, columns - 0.5), ylim=(rows - 0.5, -0.5))
    axes.tick_params(length=0)
    axes.spines[:].set_visible(False)
    if spec is not None:
        for x, y, value in zip(column.tolist(), row.tolist(), seen.tolist(), strict=True):
            colour = "white" if abs(value) > _DARK else ("black" if abs(value) >= quiet else _QUIET)
            text = axes.text(
                x,
                y,
                format_value(value, spec),
                ha="center",
                va="center",
                fontsize=fontsize,
                color=colour,
            )
            text.set_in_layout(False)


def _squares(x: np.ndarray, y: np.ndarray) -> Path:
    """One path of squares around the points."""
    low, high = _GAP - 0.5, 0.5
    corners = np.stack(
        [x + low, y + low, x + high, y + low, x + high, y + high, x + low, y + high, x + low, y + low]
    )
    codes = np.tile([Path.MOVETO, Path.LINETO, Path.LINETO, Path.LINETO, Path.CLOSEPOLY], len(x))
    return Path(corners.T.reshape(-1, 2), codes)


def _colour(value: float) -> tuple[float, float, float, float]:
    return _NEGATIVE_TO_POSITIVE((value + 1) / 2)


def colour_key(axes: Axes, heading: str) -> None:
    """A key to the colours above the cells."""
    patches = [Patch(facecolor=_colour(value), edgecolor=SOFT, linewidth=0.3) for value in _KEY]
    axes.figure.legend(
        patches,
        [format_value(value, ".1f") for value in _KEY],
        title=heading,
        loc="outside upper right",
        ncols=len(_KEY),
        handlelength=1.2,
        columnspacing=1.0,
        title_fontsize=7.5,
    )
