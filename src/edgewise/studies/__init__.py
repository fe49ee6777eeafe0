"""The papers' ablations, one paper a file: a base, its variants, and what the paper says of them. No torch."""

from collections.abc import Mapping

from edgewise.studies import (
    fd_mobilenet,
    mobilenet_v1,
    mobilenet_v2,
    mobilenet_v3,
    quantisation,
    shufflenet,
    squeeze,
    vgg,
    xception,
)
from edgewise.studies.study import Claim, Study, Variant
from edgewise.studies.verdict import Outcome, interval, judged

_PAPERS = (xception, vgg, shufflenet, mobilenet_v1, mobilenet_v2, squeeze, mobilenet_v3, fd_mobilenet, quantisation)

STUDIES: Mapping[str, Study] = {study.name: study for paper in _PAPERS for study in paper.STUDIES}
"""By name."""

__all__ = ["STUDIES", "Claim", "Outcome", "Study", "Variant", "interval", "judged"]
