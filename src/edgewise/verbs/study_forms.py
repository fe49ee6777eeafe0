"""A trained network in int8, as studies compare it: quantised by the first scheme, whatever that costs."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory

from edgewise.data import Dataset
from edgewise.deploy.quantization import SCHEMES, quantize_onnx
from edgewise.deploy.scoring import evaluate_artifact
from edgewise.verbs.checks import decoding_workers
from edgewise.verbs.fine_tuning import EPOCHS, fine_tune_for
from edgewise.verbs.quantize import calibration_images, exported, subject_of

_CALIBRATION = 256


def int8_accuracy(model: Path, dataset: Dataset, *, tuned: bool) -> float:
    """The accuracy of the model file `model` on the test images, in ONNX Runtime's int8 with a range for every
    channel's weights; `tuned` for these roundings before, as `quantize` does."""
    with TemporaryDirectory() as name:
        folder = Path(name)
        subject, network, _ = subject_of(model, folder, threads=1)
        assert network is not None
        images = calibration_images(dataset.splits["train"], subject.card, _CALIBRATION)
        if tuned:
            fine_tune_for(
                subject,
                network,
                dataset,
                images,
                folder / "tuning",
                epochs=EPOCHS,
                workers=decoding_workers(None),
                tell=lambda text: None,
            )
            subject = exported(network, subject.card, folder / "tuned.onnx", 1, tuned=True)
        made = folder / "int8.onnx"
        quantize_onnx(subject.plain_form(folder), images, made, SCHEMES[0])
        scores = evaluate_artifact(
            made, dataset.splits["test"], card=subject.card, precision="int8", keep_probabilities=False
        )
        return scores.metrics()["accuracy"]
