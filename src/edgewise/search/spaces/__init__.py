"""The spaces that come with the package, one a file."""

from edgewise.search.spaces.nas_bench_macro import NAS_BENCH_MACRO

__all__ = ["NAS_BENCH_MACRO"]
