"""One study from its plan to its result, and what is done with studies and runs as a whole."""

from socialcap.study.checking import check
from socialcap.study.comparing import compare
from socialcap.study.outputs import run_files, to_json, write_run
from socialcap.study.registration import freeze
from socialcap.study.running import run
from socialcap.study.starting import start_study, start_template

__all__ = [
    "check",
    "compare",
    "freeze",
    "run",
    "run_files",
    "start_study",
    "start_template",
    "to_json",
    "write_run",
]
