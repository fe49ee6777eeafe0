"""Recipes as plain functions. Each says with which command, on what hardware, in what time, to what result.

Where it says "not measured yet", nobody has run it to its end with this package: then it is the paper's setup, or an
untested proposal, and no promise.
"""

from __future__ import annotations

from dataclasses import replace

from edgewise.blocks import Task
from edgewise.data.augmentation import Augmentation
from edgewise.training.recipe import Recipe

__all__ = [
    "paper_mnasnet",
    "paper_mobilenet_v2",
    "paper_mobilenet_v3",
    "paper_resnet",
    "paper_shufflenet",
    "paper_xception",
    "paper_xception_jft",
    "quick",
    "quick_detect",
    "quick_segment",
    "thorough",
]

_IMAGENET = Augmentation(crop="resized", flip=True)


def quick(epochs: int = 20, batch_size: int = 128) -> Recipe:
    """Good accuracy on a small data set of small images in few epochs.

    SGD with Nesterov momentum, a high rate that grows with the batch, a short linear warm-up and a cosine to zero:
    most of the effect of super-convergence (Smith and Topin 2018) without its search for a rate. Images are mirrored
    and shifted; give text or digits, which mirroring spoils, an augmentation without `flip`.

    There is no average of the weights: in runs this short the cosine's end does as well, and the average would hide
    what the first epochs, by which successive halving judges, have reached.

    Command: edgewise train digits --model shufflenet_v2_0.5 --epochs 10 --batch-size 64 (which leaves the flip out)
    Hardware: two cores of an AMD EPYC virtual machine
    Time: 54 s including validation
    Result: 98.9% of the 179 test digits (one run, seed 0)
    """
    return Recipe(
        epochs=epochs,
        batch_size=batch_size,
        learning_rate=0.2 * batch_size / 128,
        momentum=0.9,
        weight_decay=5e-4,
        warmup_epochs=min(5.0, 0.2 * epochs),
        label_smoothing=0.1,
        augmentation=Augmentation(crop="pad", flip=True),
    )


def quick_detect(epochs: int = 60, batch_size: int = 8) -> Recipe:
    """Boxes in a small data set: SSD's crops and colours (Liu et al. 2015, section 2.2), and a cosine to zero.

    The rate is high for weights from ImageNet: six epochs of BCCD reach an mAP at 0.5 of 61.0% on the test images at a
    quarter of it, and 76.9% at this one (`edgewise train BCCD --model mobilenet_v2 --weights BACKBONE --epochs 6
    --learning-rate 0.01`, and without the rate).

    Command: python benchmarks/scene_training.py BACKBONE --bccd FOLDER (SSDLite-MobileNetV2 at 320 pixels, 40 epochs)
    Hardware: two cores of an AMD EPYC virtual machine
    Time: 19 minutes including validation
    Result: mAP at 0.5 of 84.6% on BCCD's test images (one run, seed 0)
    """
    crops = Augmentation(crop="resized", flip=True, photometric=True)
    return _scenes(epochs, batch_size, 0.04 * batch_size / 8, crops)


def quick_segment(epochs: int = 60, batch_size: int = 8) -> Recipe:
    """Masks in a small data set: crops of a quarter of the image and more, mirroring, colours, and a cosine to zero.

    Command: python benchmarks/scene_training.py BACKBONE --camvid FOLDER (LR-ASPP-MobileNetV2 with RF2, 30 epochs)
    Hardware: two cores of an AMD EPYC virtual machine
    Time: 38 minutes including validation
    Result: a mean IoU of 57.7% on CamVid's test images at 360 × 480 (one run, seed 0)
    """
    crops = Augmentation(crop="resized", flip=True, photometric=True, scale=(0.25, 1.0))
    return _scenes(epochs, batch_size, 0.04 * batch_size / 8, crops)


def scene_recipe(task: Task, *, seed: int, flip: bool) -> Recipe:
    """`quick_detect` for boxes, `quick_segment` for masks; with `flip` images are mirrored at random."""
    recipe = quick_detect() if task == "detect" else quick_segment()
    assert recipe.augmentation is not None
    return replace(recipe, seed=seed, augmentation=replace(recipe.augmentation, flip=flip))


def _scenes(epochs: int, batch_size: int, learning_rate: float, augmentation: Augmentation) -> Recipe:
    return Recipe(
        epochs=epochs,
        batch_size=batch_size,
        learning_rate=learning_rate,
        weight_decay=4e-5,
        warmup_epochs=min(3.0, 0.2 * epochs),
        clip_norm=5.0,
        augmentation=augmentation,
    )


def thorough(epochs: int = 200, batch_size: int = 128) -> Recipe:
    """The most accuracy from a small data set, given time: strong augmentation over many epochs.

    Command: edgewise train MODEL DATA --recipe thorough
    Hardware: not measured yet
    Time: not measured yet
    Result: not measured yet
    """
    return Recipe(
        epochs=epochs,
        batch_size=batch_size,
        learning_rate=0.2 * batch_size / 128,
        weight_decay=5e-4,
        warmup_epochs=min(5.0, 0.2 * epochs),
        label_smoothing=0.1,
        mixup=0.2,
        cutmix=1.0,
        ema=0.999,
        augmentation=Augmentation(crop="pad", flip=True, rand_augment=9),
    )


def paper_resnet() -> Recipe:
    """ImageNet as in He et al., "Deep Residual Learning" (2016), section 3.4.

    SGD at batch 256, rate 0.1 divided by ten. The paper divides when the error stops falling; here, as in torchvision's
    reference, after 30 and 60 of 90 epochs. Its scale jitter is replaced by the resized crop.

    Command: edgewise train resnet50 IMAGENET --recipe paper_resnet
    Hardware: not measured yet
    Time: not measured yet
    Result: not measured yet; the paper prints 75.3% top-1 (centre crop, authors' release) for ResNet-50
    """
    return Recipe(
        epochs=90,
        batch_size=256,
        learning_rate=0.1,
        nesterov=False,
        weight_decay=1e-4,
        schedule="steps",
        step_epochs=30,
        step_factor=0.1,
        augmentation=_IMAGENET,
    )


def paper_shufflenet() -> Recipe:
    """ImageNet as in ShuffleNet v1 (Zhang et al. 2018), section 4, which ShuffleNet v2 takes over.

    SGD at batch 1024, rate 0.5 falling linearly to zero over 300,000 steps (240 epochs), weight decay 4e-5, and a
    milder crop than usual, since small networks underfit.

    Command: edgewise train shufflenet_v2 IMAGENET --recipe paper_shufflenet
    Hardware: not measured yet
    Time: not measured yet
    Result: not measured yet; the paper prints 69.4% top-1 for ShuffleNet v2 1x
    """
    return Recipe(
        epochs=240,
        batch_size=1024,
        learning_rate=0.5,
        nesterov=False,
        weight_decay=4e-5,
        schedule="linear",
        augmentation=Augmentation(crop="resized", flip=True, scale=(0.25, 1.0)),
    )


def paper_mobilenet_v2() -> Recipe:
    """ImageNet as in MobileNetV2 (Sandler et al. 2018), section 6.1, on one device instead of 16 asynchronous ones.

    RMSprop, batch 96, rate 0.045 times 0.98 an epoch, weight decay 4e-5. The paper does not print a number of epochs.

    Command: edgewise train mobilenet_v2 IMAGENET --recipe paper_mobilenet_v2
    Hardware: not measured yet
    Time: not measured yet
    Result: not measured yet; the paper prints 72.0% top-1
    """
    return Recipe(
        epochs=300,
        batch_size=96,
        optimiser="rmsprop",
        learning_rate=0.045,
        weight_decay=4e-5,
        schedule="steps",
        step_epochs=1,
        step_factor=0.98,
        augmentation=_IMAGENET,
    )


def paper_mnasnet() -> Recipe:
    """ImageNet as in MnasNet (Tan et al. 2019), section 5.

    RMSprop, batch 4096, rate rising to 0.256 in 5 epochs, then times 0.97 every 2.4 epochs, weight decay 1e-5. The
    number of epochs (350) is that of the authors' release.

    Command: edgewise train MODEL IMAGENET --recipe paper_mnasnet
    Hardware: not measured yet
    Time: not measured yet
    Result: not measured yet; the paper prints 75.2% top-1 for A1
    """
    return Recipe(
        epochs=350,
        batch_size=4096,
        optimiser="rmsprop",
        learning_rate=0.256,
        weight_decay=1e-5,
        schedule="steps",
        warmup_epochs=5,
        step_epochs=2.4,
        step_factor=0.97,
        ema=0.9999,
        augmentation=_IMAGENET,
    )


def paper_mobilenet_v3() -> Recipe:
    """ImageNet as in MobileNetV3 (Howard et al. 2019), section 6.1.

    RMSprop, batch 4096, rate 0.1, "learning rate decay rate of 0.01 every 3 epochs" (read as times 0.99), weight decay
    1e-5, average of the weights with 0.9999. The paper does not print a number of epochs.

    Command: edgewise train mobilenet_v3_large IMAGENET --recipe paper_mobilenet_v3
    Hardware: not measured yet
    Time: not measured yet
    Result: not measured yet; the paper prints 75.2% top-1 for Large
    """
    return Recipe(
        epochs=600,
        batch_size=4096,
        optimiser="rmsprop",
        learning_rate=0.1,
        weight_decay=1e-5,
        schedule="steps",
        warmup_epochs=5,
        step_epochs=3,
        step_factor=0.99,
        ema=0.9999,
        augmentation=_IMAGENET,
    )


def paper_xception() -> Recipe:
    """ImageNet as in Xception (Chollet 2017), section 4.2.

    SGD, rate 0.045 times 0.94 every 2 epochs, weight decay 1e-5, average of the weights for evaluation. The paper
    prints neither batch size nor epochs.

    Command: edgewise train MODEL IMAGENET --recipe paper_xception
    Hardware: not measured yet
    Time: not measured yet
    Result: not measured yet; the paper prints 79.0% top-1
    """
    return Recipe(
        epochs=120,
        batch_size=256,
        learning_rate=0.045,
        nesterov=False,
        weight_decay=1e-5,
        schedule="steps",
        step_epochs=2,
        step_factor=0.94,
        ema=0.9999,
        augmentation=_IMAGENET,
    )


def paper_xception_jft(images: int = 350_000_000) -> Recipe:
    """Several labels per image as in Xception's experiment on JFT (Chollet 2017), section 4.2.

    Sigmoid loss, RMSprop with rate 0.001 times 0.9 every 3 million samples of `images`. JFT is not public; this is
    for data like it, scored by MAP@100. The paper prints neither batch size nor epochs.

    Command: edgewise train MODEL DATA --recipe paper_xception_jft
    Hardware: not measured yet
    Time: not measured yet
    Result: not measured yet; the paper prints MAP@100 of 6.70 on FastEval14k without fully connected layers
    """
    return Recipe(
        epochs=1,
        batch_size=256,
        optimiser="rmsprop",
        learning_rate=0.001,
        weight_decay=1e-5,
        schedule="steps",
        step_epochs=3_000_000 / images,
        step_factor=0.9,
        ema=0.9999,
        loss="sigmoid",
        augmentation=_IMAGENET,
    )
