"""The process that NNCF works in: `python -m edgewise.deploy.quantization.nncf_worker JOB`, a job as JSON."""

from __future__ import annotations

import json
import logging
import sys


def main() -> None:
    """Quantises one artifact."""
    # NNCF reports its use through this package; without it, it takes a stub that does nothing.
    sys.modules["openvino_telemetry"] = None  # type: ignore[assignment]
    logging.disable(logging.WARNING)
    import nncf  # type: ignore[import-not-found]  # an extra
    import numpy as np
    import onnx

    job = json.loads(sys.argv[1])
    model = onnx.load(job["artifact"])
    name = model.graph.input[0].name
    images = np.load(job["images"], mmap_mode="r")
    presets = {"asymmetric": nncf.QuantizationPreset.MIXED, "symmetric": nncf.QuantizationPreset.PERFORMANCE}
    made = nncf.quantize(
        model,
        nncf.Dataset(images, lambda image: {name: np.array(image[None])}),
        preset=presets[job["activations"]],
        subset_size=len(images),
        # Its own patterns may have taken a node out of its graph already.
        ignored_scope=nncf.IgnoredScope(names=job["keep_float"], validate=False),
    )
    onnx.save(made, job["out"])


if __name__ == "__main__":
    main()
