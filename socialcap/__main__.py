"""`python -m socialcap` is the command `socialcap`."""

from socialcap.cli import main

main()
