"""int8 for ExecuTorch after training: torchao's PT2E with the quantiser of the XNNPACK backend."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from torch import nn


def quantised(module: nn.Module, images: np.ndarray) -> nn.Module:
    """The module with `quantize` and `dequantize` around what XNNPACK computes in int8: weights with a scale per output
    channel, activations in the ranges they have on `images` `(N, C, H, W)`, float32."""
    from torchao.quantization.pt2e.quantize_pt2e import (  # type: ignore[import-not-found]  # an extra
        convert_pt2e,
        prepare_pt2e,
    )

    ones = [torch.from_numpy(np.array(image[None], np.float32)) for image in images]  # one by one: shapes are fixed
    observed = prepare_pt2e(torch.export.export(module, (ones[0],)).module(), _quantizer())
    with torch.inference_mode():
        for image in ones:
            observed(image)
    return convert_pt2e(observed)


def _quantizer() -> Any:
    """The backend's quantiser, which here takes a convolution or linear layer with the clamp behind it (relu6) as one.

    Its own rules know only relu so. Behind a clamp they would spend the 8 bits on values that it cuts off.
    """
    from executorch.backends.xnnpack.quantizer.xnnpack_quantizer import (  # type: ignore[import-not-found]
        XNNPACKQuantizer,
        get_symmetric_quantization_config,
    )
    from torchao.quantization.pt2e.quantizer.quantizer import (  # type: ignore[import-not-found]
        Q_ANNOTATION_KEY,
        QuantizationAnnotation,
    )

    aten = torch.ops.aten
    clamps = (aten.hardtanh.default, aten.hardtanh_.default, aten.relu6.default, aten.relu6_.default)
    layers = (aten.conv2d.default, aten.linear.default)
    config = get_symmetric_quantization_config(is_per_channel=True, is_dynamic=False)

    class Quantizer(XNNPACKQuantizer):
        def annotate(self, model: torch.fx.GraphModule) -> torch.fx.GraphModule:
            for clamp in model.graph.nodes:
                layer = clamp.args[0] if clamp.target in clamps else None
                if layer is None or layer.target not in layers or len(layer.users) > 1:
                    continue
                image, weight = layer.args[:2]
                inputs: dict[Any, Any] = {image: config.input_activation, weight: config.weight}
                layer.meta[Q_ANNOTATION_KEY] = QuantizationAnnotation(inputs, _annotated=True)
                clamp.meta[Q_ANNOTATION_KEY] = QuantizationAnnotation(
                    output_qspec=config.output_activation, _annotated=True
                )
            return super().annotate(model)

    return Quantizer().set_global(config)
