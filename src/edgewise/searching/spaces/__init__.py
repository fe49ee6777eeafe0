"""The spaces that come with the package, one a file."""

from edgewise.searching.space import Space
from edgewise.searching.spaces.mnasnet import MNASNET
from edgewise.searching.spaces.mobilenet_v3 import MOBILENET_V3, MOBILENET_V3_EARLY, MOBILENET_V3_REGULAR
from edgewise.searching.spaces.nas_bench_macro import NAS_BENCH_MACRO
from edgewise.searching.spaces.scaled import scaled
from edgewise.searching.spaces.shufflenet_v2 import SHUFFLENET_V2

SPACES: dict[str, Space] = {
    one.name: one
    for one in (MNASNET, MOBILENET_V3, MOBILENET_V3_EARLY, MOBILENET_V3_REGULAR, SHUFFLENET_V2, NAS_BENCH_MACRO)
}
"""By name."""

__all__ = [
    "MNASNET",
    "MOBILENET_V3",
    "MOBILENET_V3_EARLY",
    "MOBILENET_V3_REGULAR",
    "NAS_BENCH_MACRO",
    "SHUFFLENET_V2",
    "SPACES",
    "scaled",
]
