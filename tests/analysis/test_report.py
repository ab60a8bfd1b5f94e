"""The page that `distsim report` writes, in a browser."""

import re
import shutil
import sys
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest

from distsim.cli import main
from distsim.io import (
    PopulationInfo,
    Provenance,
    RunInfo,
    SegmentData,
    SignalData,
    SpikeData,
    write,
)
from distsim.io.accounts import phases_of

HOSTILE = "</script><b>L4 ☃"
N_MANY = 100_000
RANKS = {
    "cells": [50_000.0, 50_020.0],
    "events": [3e6, 1e6],
    "build [s]": [2.0, 2.5],
    "compile [s]": [0.5, 0.5],
    "run [s]": [10.0, 10.0],
    "exchange [s]": [1.0, 4.0],
    "gather [s]": [0.25, 0.25],
    "write [s]": [0.125, 0.125],
    "wall time [s]": [13.0, 13.0],
}
WIDTHS = [1400, 800, 390]


def spikes_of(n_cells, n_spikes):
    rng = np.random.default_rng(2)
    times, senders = (
        np.round(rng.uniform(0, 100, n_spikes), 1),
        rng.integers(n_cells, size=n_spikes),
    )
    order = np.lexsort((senders, times))
    return SpikeData(np.arange(n_cells), times[order], senders[order])


@pytest.fixture(scope="module")
def path(tmp_path_factory):
    """Write two segments of many, few, silent and no cells."""
    few = SpikeData(np.arange(20), np.linspace(10, 90, 9), np.arange(9))
    v = SignalData("v", "mV", np.arange(3), np.full((1001, 3), -65.0), 0.0, 0.1)
    v.data[500] = 25.0
    nothing = SpikeData(np.arange(0), np.zeros(0), np.arange(0))
    unknown = SignalData("v", "mV", np.arange(2), np.full((11, 2), np.nan), 0.0, 0.1)
    last = N_MANY + 20
    populations = [
        (PopulationInfo("many", N_MANY, 0, {}, "IF_curr_exp"), spikes_of(N_MANY, 500_000), []),
        (PopulationInfo(HOSTILE, 20, N_MANY, {}, "IF_cond_exp", {"tau_m": 12.5}), few, [v]),
        (
            PopulationInfo("", 4, last),
            SpikeData(np.arange(4), np.zeros(0), np.arange(0)),
            [unknown],
        ),
        (PopulationInfo("empty", 0, last + 4), nothing, []),
        (PopulationInfo("unrecorded", 3, last + 4), None, []),
    ]
    ranks = {name: np.array(values) for name, values in RANKS.items()}
    facts = {"script": "/home/me/<i>model</i>.py", "partition": "block"}
    run = RunInfo({"dt": 0.1, "seed": 7}, provenance=Provenance(facts, ranks))
    segments = [SegmentData(k, 0.0, 100.0, {"trial": k}, populations) for k in range(2)]
    path = tmp_path_factory.mktemp("report") / "run.h5"
    write(path, segments, run)
    return path


@pytest.fixture(scope="module")
def page(path):
    page = path.with_name("page.html")
    assert main(["report", str(path), "-o", str(page)]) == 0
    return page


@pytest.fixture(scope="module")
def browser():
    """Start Debian's browser, without a window."""
    playwright = pytest.importorskip("playwright.sync_api")
    program = shutil.which("chromium")
    if program is None:
        pytest.skip("there is no chromium: `apt install chromium`")
    with playwright.sync_playwright() as api:
        # the sandbox cannot be had by root
        shown = api.chromium.launch(executable_path=program, args=["--no-sandbox"])
        yield shown
        shown.close()


@contextmanager
def opened(browser, page, width):
    """Open the page at a width, and note what it complains of and asks for."""
    tab = browser.new_page(viewport={"width": width, "height": 900})
    tab.complaints = []
    tab.on("pageerror", lambda error: tab.complaints.append(str(error)))
    tab.on(
        "console",
        lambda message: message.type != "error" or tab.complaints.append(message.text),
    )
    tab.on(
        "request",
        lambda asked: asked.url.startswith("file:") or tab.complaints.append(asked.url),
    )
    tab.goto(page.as_uri())
    tab.wait_for_function("window.Bokeh && Bokeh.documents.length && Bokeh.documents[0].is_idle")
    yield tab
    tab.close()


@pytest.fixture(params=WIDTHS)
def tab(request, browser, page):
    with opened(browser, page, request.param) as tab:
        yield tab


@pytest.fixture
def wide_tab(browser, page):
    with opened(browser, page, WIDTHS[0]) as tab:
        yield tab


def figures(tab):
    return tab.evaluate(
        """() => Bokeh.documents[0].roots().map(f => ({
            title: f.title ? f.title.text : "", start: f.x_range.start, end: f.x_range.end,
            sizes: f.renderers.map(r => r.data_source.get_length())}))"""
    )


def test_a_browser_shows_all_figures_and_asks_for_nothing(tab):
    assert tab.complaints == []
    found = figures(tab)
    assert [each["title"] for each in found[:-1]] == [
        "spikes of 1,000 of 100,000 cells",
        "mean rate of all recorded cells, in bins of 0.7 ms",
        "spikes of 20 cells",
        "mean rate of all recorded cells, in bins of 0.7 ms",
        "v of 3 cells",
        "spikes of 4 cells, no spikes",
        "v of 2 cells",
    ]
    n_shown = found[0]["sizes"][0]
    assert n_shown == pytest.approx(5000, abs=5 * 5000**0.5)
    assert found[2]["sizes"] == [9]
    # all that is drawn has a place on the page, within its width
    assert tab.locator(".bk-Figure canvas").count() >= len(found)
    assert tab.evaluate("document.documentElement.scrollWidth") == tab.viewport_size["width"]
    text = tab.inner_text("body")
    assert HOSTILE in text
    assert "/home/me/<i>model</i>.py" in text
    assert tab.locator("body b").count() == 0
    assert re.search(r"many\s+IF_curr_exp\s+100,000\s+100,000\s+500,000\s+50\s", text)
    assert re.search(r"events\s+1,000,000\s+2,000,000\s+3,000,000\s+1\.500", text)
    assert re.search(r"exchange and waiting \[s\]\s+1\s+2\.5\s+4\s", text)


def test_figures_answer_the_mouse(wide_tab):
    # the fifth of nine spikes: at 50 ms, of cell 4
    wide_tab.locator(".bk-Figure").nth(2).scroll_into_view_if_needed()
    place = wide_tab.evaluate(
        """() => {
            const view = Bokeh.index.get_by_id(Bokeh.documents[0].roots()[2].id);
            const box = view.canvas_view.el.getBoundingClientRect();
            return [box.x + view.frame.x_scale.compute(50), box.y + view.frame.y_scale.compute(4)];
        }"""
    )
    wide_tab.mouse.move(*place)
    wide_tab.wait_for_selector(".bk-tooltip-row-value")
    assert wide_tab.locator(".bk-tooltip-row-value").all_inner_texts() == ["4", "50.000 ms"]

    # the wheel zooms in time, in all figures
    wide_tab.mouse.wheel(0, -300)
    wide_tab.wait_for_function("Bokeh.documents[0].roots()[0].x_range.end < 99")
    ((start, end),) = {(each["start"], each["end"]) for each in figures(wide_tab)[:-1]}
    assert 0 < start < 50 < end < 100


def test_a_page_is_small_and_has_the_spikes_of_the_segment_asked_for(path, page, capsys):
    assert page.stat().st_size < 4e6
    other = path.with_name("other.html")
    assert main(["report", str(path), "-o", str(other), "--segment", "0"]) == 0
    assert str(other) in capsys.readouterr().out
    assert "Segment 0, drawn" in other.read_text()
    assert "Segment 1, drawn" in page.read_text()


def test_parts_of_the_time_of_ranks_add_up_to_it():
    ranks = {name: np.array(values) for name, values in RANKS.items()}
    phases = phases_of(ranks)
    np.testing.assert_allclose(sum(phases.values()), ranks["wall time [s]"])
    assert phases["construction"].tolist() == [1.5, 2.0]
    assert phases["computing"].tolist() == [9.0, 6.0]
    # an engine that tells less
    ranks["compile [s]"] = ranks["exchange [s]"] = np.full(2, np.nan)
    # a file of an earlier version
    del ranks["write [s]"]
    np.testing.assert_allclose(sum(phases_of(ranks).values()), ranks["wall time [s]"])


@pytest.mark.parametrize("segments", [[], [SegmentData(0, 0.0, 0.0)]], ids=["none", "empty"])
def test_files_without_recordings_are_told_of(segments, tmp_path, capsys):
    path = tmp_path / "run.h5"
    write(path, segments, {})
    assert main(["inspect", str(path)]) == 0
    assert main(["compare", str(path), str(path)]) == 0
    assert main(["report", str(path)]) == (0 if segments else 2)
    assert main(["plot", str(path)]) == 2
    errors = capsys.readouterr().err.splitlines()
    assert all(line.startswith(f"distsim: '{path}' has no") for line in errors)
    assert len(errors) == (1 if segments else 2)
    if segments:
        assert "Nothing was recorded" in path.with_suffix(".html").read_text()


def test_without_bokeh_the_error_says_what_to_install(path, monkeypatch, capsys):
    monkeypatch.setitem(sys.modules, "bokeh.embed", None)
    assert main(["report", str(path)]) == 2
    assert "pip install 'distsim[report]'" in capsys.readouterr().err
    assert not Path(path).with_suffix(".html").exists()
