"""One study from its plan to its result."""

from socialcap.study.checking import check
from socialcap.study.outputs import run_files, to_json, write_run
from socialcap.study.running import run
from socialcap.study.starting import start_study

__all__ = ["check", "run", "run_files", "start_study", "to_json", "write_run"]
