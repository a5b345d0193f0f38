"""Why a specification has no estimate, in both languages."""

from __future__ import annotations

from dataclasses import dataclass

from socialcap.errors import EstimationError, SocialcapError
from socialcap.results import Text


@dataclass(frozen=True)
class Refusal:
    """Why a specification has no estimate."""

    why: Text


class NoEstimateError(EstimationError):
    """What a specification asks for does not exist; `why` says it in both languages."""

    def __init__(self, why: Text) -> None:
        super().__init__(why.en)
        self.why = why


def refusal(error: SocialcapError) -> Refusal:
    """The reason that an error gives; what is said in English only is quoted in Chinese."""
    if isinstance(error, NoEstimateError):
        return Refusal(error.why)
    return Refusal(Text("{said}", "无法估计（{said}）").format(said=error.message))
