"""Numbers only: functions named for their formula, arrays in, frozen records out, batched over leading axes.

Nothing here imports more than numpy and scipy, and nothing here checks its input: the labelled fronts do.
"""

from numpy import float64, int64
from numpy.typing import NDArray

FloatArray = NDArray[float64]
IntArray = NDArray[int64]
