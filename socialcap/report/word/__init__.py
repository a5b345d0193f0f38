"""The parts of a Word report: its styles, its markup, and tables fitted to the page."""
