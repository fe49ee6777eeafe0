"""From a floating-point artifact to quantised ones that hold its accuracy: every scheme, then mixed precision."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from edgewise.deploy.quantization.mixed import put_back, worst
from edgewise.deploy.quantization.scheme import Scheme
from edgewise.deploy.quantization.sensitivity import Sensitivities, sensitivities
from edgewise.deploy.quantization.trials import ONNX, Subject, Trials
from edgewise.devices import find_runtime


def usable(schemes: Sequence[Scheme], trials: Trials) -> list[Scheme]:
    """The schemes whose quantisers are installed, if a runtime takes their artifacts; the others are told."""
    if not any(find_runtime(runtime).suffix == ONNX for runtime, _ in trials.combinations):
        return []
    missing = {one.quantiser: one.install_hint for one in schemes if not one.installed()}
    for quantiser, hint in missing.items():
        trials.tell(f"{quantiser} is not installed, so its schemes are left out; install it with: {hint}")
    return [one for one in schemes if one.installed()]


def search(
    trials: Trials, subject: Subject, images: np.ndarray, schemes: Sequence[Scheme], *, table: bool = False
) -> Sensitivities | None:
    """Judges `subject` quantised in every way, and where none holds the accuracy with its worst parts in float.

    Returns the sensitivities of the most accurate scheme where they were found out; `table` asks for them in any case.
    """
    for scheme in schemes:
        trials.quantise(subject, images, scheme)
    trials.export(subject, images)
    holds = any(one.fine_tuned == subject.fine_tuned for one in trials.holding())
    if holds and not table:
        return None
    leads = sorted(trials.best_of(schemes, fine_tuned=subject.fine_tuned), key=lambda one: -one[1].accuracy)
    if holds:
        leads = leads[:1]
    tables: list[Sensitivities] = []
    for scheme, lead in leads:
        trials.tell(f"looking for what is most sensitive with {scheme.name}")
        found = sensitivities(
            subject.artifact,
            trials.path(lead),
            images,
            scheme=scheme.name,
            threads=trials.threads,
        )
        trials.tell(f"most sensitive with {scheme.name}: {', '.join(worst(found))}")
        tables.append(found)
        if not holds:
            put_back(trials, subject, images, scheme, lead, found)
    return tables[0] if tables else None
