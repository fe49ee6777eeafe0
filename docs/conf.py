"""Sphinx: the pages of this folder, and the public API from its docstrings."""

import sys
from pathlib import Path

from edgewise import __version__

sys.path.insert(0, str(Path(__file__).parent))

import commands
import families

families.write_pages()
commands.write_pages()

project = "Edgewise"
author = "The Edgewise developers"
release = __version__
extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx.ext.napoleon"]
myst_enable_extensions = ["colon_fence"]
myst_heading_anchors = 3
html_theme = "furo"
html_title = "Edgewise"
exclude_patterns = ["_build"]
autodoc_typehints = "signature"
autodoc_member_order = "bysource"
