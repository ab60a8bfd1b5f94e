"""What Sphinx makes the site of: ``sphinx-build -W --keep-going docs build/site``."""

import sys
import urllib.request
from importlib.metadata import version as version_of
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
from draw_models import write_pictures
from make_api import shown_members, write_pages

project = "distsim"
author = "the developers of distsim"
project_copyright = author
version = release = version_of("distsim")

extensions = [
    "myst_parser",
    "numpydoc",
    "sphinx.ext.autodoc",
    "sphinx.ext.autosummary",
    "sphinx.ext.intersphinx",
    "sphinx.ext.viewcode",
    "sphinx_copybutton",
    "sphinx_gallery.gen_gallery",
    # MathJax's files: equations are set without a network, too
    "sphinx-mathjax-offline",
]
exclude_patterns = ["**/*.py", "**/*.ipynb"]
templates_path = ["_templates"]
# `name` in a docstring is a link, if there is something of that name
default_role = "autolink"
# a function cannot be cached
suppress_warnings = ["config.cache"]

myst_enable_extensions = ["attrs_block", "colon_fence", "deflist", "dollarmath"]
# GitHub's anchors of headings, which the pages use
myst_heading_anchors = 4

autosummary_generate = True
autosummary_context = {"shown_members": shown_members}
autodoc_typehints = "none"
numpydoc_show_class_members = False

INVENTORIES = {
    "python": "https://docs.python.org/3/",
    "numpy": "https://numpy.org/doc/stable/",
    "neo": "https://neo.readthedocs.io/en/stable/",
    "pynn": "https://neuralensemble.org/docs/PyNN/",
}


def is_there(url: str) -> bool:
    """Return whether the inventory of a site can be fetched now."""
    try:
        with urllib.request.urlopen(f"{url}objects.inv", timeout=5) as answer:
            return answer.status == 200
    except OSError:
        return False


# without a network the site is built without links to these, and nothing else changes
intersphinx_mapping = {name: (url, None) for name, url in INVENTORIES.items() if is_there(url)}

sphinx_gallery_conf = {
    "examples_dirs": "../examples/gallery",
    "gallery_dirs": "gallery",
    "within_subsection_order": "FileNameSortKey",
    "abort_on_example_error": True,
    "show_signature": False,
    "min_reported_time": 0,
    "write_computation_times": False,
    "run_stale_examples": False,
}

html_theme = "pydata_sphinx_theme"
html_title = f"distsim {release}"
# on light and dark ground alike
html_logo = html_favicon = "_static/logo.svg"
html_static_path = ["_static"]
html_css_files = ["site.css"]
html_show_sourcelink = False
html_theme_options = {
    "logo": {"text": html_title},
    "header_links_before_dropdown": 6,
    "show_toc_level": 2,
    "navigation_with_keys": False,
    "navbar_align": "left",
    "footer_start": ["copyright"],
    "footer_end": ["sphinx-version"],
}

copybutton_prompt_text = "$ "

# Sphinx looks for its sources when this file is done
write_pages(Path(__file__).parent)
write_pictures()
