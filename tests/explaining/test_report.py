"""The whole page: complete, well formed, without the network, safe with hostile names."""

from __future__ import annotations

import re
from dataclasses import replace
from itertools import pairwise

from example import example_report
from hypothesis import given, settings
from hypothesis import strategies as st
from reading import Page

from edgewise.explaining import FitReport, fit_report

HOSTILE = ("<script>alert(1)</script>", '"><img src=x onerror=y>', "a&b;</td>", "]]>", "É \u2028 \U0001f600")


def minimal() -> FitReport:
    full = example_report()
    return replace(full, confusion=None, mistakes=(), history=(), files=(), provenance=None, costs=full.costs[:1])


def test_a_full_and_a_minimal_report_are_well_formed() -> None:
    for report in (example_report(), minimal()):
        source = fit_report(report)
        assert source.lower().startswith("<!doctype html>")
        page = Page(source)
        assert page.all("html")[0]["lang"] == "en"
        assert page.all("meta")
        headings = [int(tag[1]) for tag, _ in page.tags if re.fullmatch("h[1-6]", tag)]
        assert headings[0] == 1
        assert headings.count(1) == 1
        assert all(after <= before + 1 for before, after in pairwise(headings))


def test_the_page_needs_nothing_from_elsewhere() -> None:
    source = fit_report(example_report())
    page = Page(source)
    assert not page.all("script")
    assert not page.all("link")
    assert "@import" not in source
    for tag, attributes in page.tags:
        for name, value in attributes.items():
            assert not name.startswith("on"), f"<{tag} {name}>"
            if name in ("src", "href", "xlink:href"):
                assert value.startswith(("data:image/", "#")), f"<{tag} {name}={value[:40]}>"
    # The one address allowed is the name of the SVG language, which nobody fetches.
    assert set(re.findall(r"https?://[^\"' <]+", source)) <= {"http://www.w3.org/2000/svg"}


def test_links_inside_the_page_lead_somewhere() -> None:
    page = Page(fit_report(example_report()))
    ids = {attributes["id"] for _, attributes in page.tags if "id" in attributes}
    targets = [attributes["href"].removeprefix("#") for attributes in page.all("a")]
    assert targets
    assert set(targets) <= ids


def test_every_candidate_stands_on_the_page() -> None:
    report = example_report(candidates=40)
    text = Page(fit_report(report)).text
    for candidate in report.candidates:
        assert candidate.name in text


def test_what_was_measured_stands_on_the_page() -> None:
    report = example_report()
    text = Page(fit_report(report)).text
    assert f"{100 * 0.978:.1f}" in text
    assert report.command in text
    assert "broken.png" in text
    assert "ab" * 32 in text


def test_where_everything_runs_stands_on_the_page() -> None:
    report = example_report()
    text = Page(fit_report(report)).text
    assert "runs in onnxruntime int8" in text
    assert text.count("onnxruntime bf16") == sum(one.runs_in == "onnxruntime bf16" for one in report.candidates) > 0
    assert "counted in 32-bit floats, whatever the artifact's precision" in text


def test_predictions_are_called_so() -> None:
    measured = Page(fit_report(example_report()))
    predicted = Page(fit_report(replace(example_report(), predicted_for="An example board")))
    labels = [" ".join(one.get("aria-label", "") for one in page.all("svg")) for page in (measured, predicted)]
    assert "40 of them measured" in labels[0]
    assert "40 of them predicted" in labels[1]
    assert "measured, not trained" in measured.text
    assert "predicted, not trained" in predicted.text
    assert "predicted latency" not in measured.text
    for said in ("predicted latency", "Latencies are predicted for An example board, one image at a time"):
        assert said in predicted.text
    for said in ("measured, not trained", "Latency and accuracy are those of", "The machine it was measured on"):
        assert said in measured.text
        assert said not in predicted.text


def test_pictures_can_be_heard() -> None:
    page = Page(fit_report(example_report()))
    assert page.all("img")
    assert all(attributes.get("alt") for attributes in page.all("img"))
    drawings = page.all("svg")
    assert drawings
    for attributes in drawings:
        assert attributes.get("aria-hidden") == "true" or attributes.get("role") == "img"


def test_dark_and_print_are_thought_of() -> None:
    source = fit_report(example_report())
    assert "prefers-color-scheme: dark" in source
    assert "@media print" in source


def test_hostile_names_stay_text() -> None:
    classes = (*HOSTILE, "plain")
    report = replace(example_report(classes=classes), title=HOSTILE[0], command=HOSTILE[1])
    page = Page(fit_report(report))
    assert not page.all("script")
    assert not [one for one in page.all("img") if one.get("src") == "x"]
    assert HOSTILE[0] in page.text


@settings(max_examples=25, deadline=None)
@given(st.lists(st.text(min_size=1, max_size=12), min_size=2, max_size=4, unique=True))
def test_any_class_names_make_a_well_formed_page(names: list[str]) -> None:
    Page(fit_report(example_report(classes=tuple(names), candidates=3)))
