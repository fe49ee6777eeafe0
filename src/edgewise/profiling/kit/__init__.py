"""The kit: one zip that measures a device with nothing but Python, onnxruntime and numpy, and the way back."""

from edgewise.profiling.kit.importing import Imported, import_result
from edgewise.profiling.kit.making import make_kit
from edgewise.profiling.kit.manifest import Manifest
from edgewise.profiling.kit.probing import kit_probes
from edgewise.profiling.kit.reading import Result, read_result

__all__ = ["Imported", "Manifest", "Result", "import_result", "kit_probes", "make_kit", "read_result"]
