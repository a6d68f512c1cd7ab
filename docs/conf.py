"""Sphinx: MyST pages, the furo theme, and the API from its docstrings."""

from nettools import __version__

project = "nettools"
author = "The nettools authors"
project_copyright = "2026, the nettools authors"
release = version = __version__
extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx.ext.napoleon"]
html_theme = "furo"
html_title = f"nettools {version}"
myst_heading_anchors = 3
autodoc_typehints = "none"
autodoc_member_order = "bysource"
exclude_patterns = ["_build"]
