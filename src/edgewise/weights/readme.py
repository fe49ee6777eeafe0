"""What stands beside a shared model file for people to read: a model card, as the hub calls it, and its figures."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Sequence
from dataclasses import asdict
from html import escape
from pathlib import PurePath

from edgewise.costs import CostLine, Costs, cost_table, count
from edgewise.explaining import Bar, bar_figure
from edgewise.explaining.formats import millions, per_cent, significant
from edgewise.papers import families
from edgewise.weights.card import ModelCard

MARK = "library_name: edgewise"
"""A line in the head of every README.md written here."""

TASK = "image-classification"

# What provenance calls them, and what the hub does.
_DATASETS = {"cifar10": "uoft-cs/cifar10", "cifar100": "uoft-cs/cifar100", "imagenet": "ILSVRC/imagenet-1k"}
_SPLITS = {"val": "validation", "test": "test", "train": "train"}
_METRICS = {"top5": "accuracy", "map_at_k": "mean_average_precision"}


def figures(card: ModelCard) -> dict[str, str]:
    """SVG files by name: the multiply-adds and the parameters of every row."""
    lines = cost_table(card.architecture)
    return {
        "multiply_adds.svg": _figure(card, lines, "multiply-adds", [line.multiply_adds for line in lines], hue=0),
        "parameters.svg": _figure(card, lines, "parameters", [line.parameters for line in lines], hue=1),
    }


def _figure(card: ModelCard, lines: Sequence[CostLine], what: str, values: Sequence[int], hue: int) -> str:
    most = max(range(len(values)), key=values.__getitem__)
    names = [f"{line.row} {line.description.split('(')[0]}" for line in lines]
    return bar_figure(
        [Bar(name, value / 1e6, millions(value)) for name, value in zip(names, values, strict=True)],
        summary=f"{what} of the {len(names)} rows of {card.architecture.name}; the most, {millions(values[most])}, "
        f"are those of row {names[most]}",
        heading=f"{what} by row",
        x_label=f"{what}, millions",
        hue=hue,
    )


def licence_lines(text: str) -> tuple[str, ...]:
    """What a card that stands already says of its licence: the one thing in its head that its owner writes."""
    head = text.split("---", 2)[1] if text.startswith("---") else ""
    return tuple(line for line in head.splitlines() if line.startswith("license"))


def readme(card: ModelCard, where: str, kept: Sequence[str] = ()) -> str:
    """The text of README.md: a head for the hub, with the lines `kept` of an older one; how to load the model from
    `where` (a folder or a repository), its metrics, its table with costs, how images are prepared, its classes, and
    where it comes from."""
    architecture, costs = card.architecture, count(card.architecture)
    _, height, width = architecture.input
    parts = [
        "\n".join(["---", *kept, _head(card), "---"]),
        "<!-- Written by edgewise, and written anew when the model is saved here again. -->",
        f"# {_plain(architecture.name)}",
        f"A convolutional network that tells {architecture.classes:,} classes apart in images of {height}×{width} "
        f"pixels, with {millions(costs.multiply_adds)} multiply-adds and {millions(costs.parameters)} parameters."
        + _paper(architecture.family),
        "## Use",
        _loading(where),
        *_metrics(card),
        "## What every row costs",
        "For one image. A multiply-add is one multiply-accumulate of a convolution or a linear layer.",
        _costs(costs, cost_table(architecture, costs)),
        "![The multiply-adds of every row](multiply_adds.svg)",
        "![The parameters of every row](parameters.svg)",
        "## Images",
        _preparation(card),
        "## Classes",
        "An image can show any number of them." if card.multi_label else "An image shows one of them.",
        f"<details><summary>{len(card.classes):,} names, in the order of the scores</summary>\n\n"
        + "\n".join(f"{index}. {_plain(name)}" for index, name in enumerate(card.classes))
        + "\n\n</details>",
        "## Where it comes from",
        _table(("what", "value"), [(_plain(name), _plain(value)) for name, value in _provenance(card).items()]),
        "## Licence",
        "None is stated here. Whoever publishes the model names one: a line `license:` in the head of this file.",
    ]
    # A name taken from a file system need not be text.
    return ("\n\n".join(parts) + "\n").encode("utf-8", "backslashreplace").decode()


def _head(card: ModelCard) -> str:
    from huggingface_hub import EvalResult, ModelCardData

    source = card.provenance.data
    dataset = _DATASETS.get(source)
    results = []
    for name, value in card.metrics.items():
        if not math.isfinite(value):
            continue
        split, _, metric = name.partition("_")
        if split not in _SPLITS:
            split, metric = "", name
        results.append(
            EvalResult(
                task_type=TASK,
                dataset_type=dataset or "imagefolder",
                dataset_name=_printable(dataset or PurePath(source).name or "unknown"),
                dataset_split=_SPLITS.get(split),
                metric_type=_METRICS.get(metric, metric),
                metric_name=_worded(name),
                metric_value=value,
            )
        )
    data = ModelCardData(
        library_name="edgewise",
        pipeline_tag=TASK,
        tags=[TASK, "edgewise", *([card.architecture.family] if card.architecture.family else [])],
        datasets=[dataset] if dataset else None,
        metrics=sorted({result.metric_type for result in results}) or None,
        model_name=_printable(card.architecture.name),
        eval_results=results or None,
    )
    return data.to_yaml(line_break="\n")


def _paper(family: str) -> str:
    paper = next((one.paper for one in families() if one.name == family), None)
    return f" Its family is {family}: {paper}." if paper else ""


def _loading(where: str) -> str:
    quoted = _printable(where).replace("\\", "\\\\").replace('"', '\\"')
    lines = ("from edgewise import Model", "", f'model = Model.from_pretrained("{quoted}")')
    return "\n".join(("```python", *lines, 'print(model("photo.jpg", top=5))', "```"))


def _metrics(card: ModelCard) -> list[str]:
    if not card.metrics:
        return []
    rows = [
        (_plain(_worded(name)), significant(value, 4) if name.endswith("loss") else per_cent(value, 2))
        for name, value in card.metrics.items()
    ]
    return ["## How good it is", _table(("metric", "value"), rows)]


def _worded(name: str) -> str:
    split, _, metric = name.partition("_")
    return f"{_SPLITS[split]} {metric.replace('_', ' ')}" if split in _SPLITS else name.replace("_", " ")


def _costs(costs: Costs, lines: Sequence[CostLine]) -> str:
    rows = [
        (
            line.row,
            _code(line.description),
            "×".join(map(str, line.output)),
            f"{line.multiply_adds:,}",
            f"{line.parameters:,}",
        )
        for line in lines
    ]
    total = ("", "all", "", f"{costs.multiply_adds:,}", f"{costs.parameters:,}")
    return _table(("row", "what it does", "output", "multiply-adds", "parameters"), [*rows, total], numbers=(3, 4))


def _preparation(card: ModelCard) -> str:
    one = card.preprocessing
    to = [round(side / one.crop) for side in (one.height, one.width)]
    size = f"until its short side has {to[0]}" if to[0] == to[1] else f"until it covers {to[0]}×{to[1]}"
    mean, deviation = (", ".join(f"{value:g}" for value in values) for values in (one.mean, one.std))
    return (
        f"An image is resized ({one.interpolation}) {size} pixels, its centre of {one.height}×{one.width} is "
        f"cut out, and its red, green and blue, scaled to [0, 1], are normalised with mean {mean} and deviation "
        f"{deviation}. `Model` does all of this itself."
    )


def _provenance(card: ModelCard) -> dict[str, object]:
    facts = {name: value for name, value in asdict(card.provenance).items() if value not in ("", None)}
    version = facts.pop("edgewise", "")
    named = {name.replace("_", " "): value for name, value in facts.items()}
    return {"written by": f"edgewise {version}", **named, "architecture's digest": card.architecture.digest}


def _table(columns: Sequence[str], rows: Iterable[Sequence[str]], *, numbers: Sequence[int] = ()) -> str:
    """A table in Markdown; the columns whose indices are in `numbers` are aligned right."""
    rules = ["---:" if index in numbers else "---" for index in range(len(columns))]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in (columns, rules, *rows))


def _printable(value: str) -> str:
    """On one line, without what no text holds."""
    return " ".join("".join(sign if sign.isprintable() else " " for sign in value).split())


def _plain(value: object) -> str:
    """Any text as Markdown that shows just that text, on one line."""
    marked = re.sub(r"([\\`*_{}\[\]()#+!|~$])", r"\\\1", escape(_printable(str(value)), quote=False))
    # At the beginning of a list's item these would make a list within it, or a heading.
    return re.sub(r"^(-|=|\d+\.(?= |$))", lambda found: found[0][:-1] + "\\" + found[0][-1], marked)


def _code(value: str) -> str:
    """What a row is, as code where code can hold it."""
    return _plain(value) if re.search(r"[`|]", value) else f"`{_printable(value)}`"
