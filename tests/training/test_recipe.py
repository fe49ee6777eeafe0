import dataclasses
import json
import math
import subprocess
import sys

import pytest

from edgewise.data import Augmentation
from edgewise.errors import EdgewiseError
from edgewise.training import Recipe, recipes


def test_json_gives_the_recipe_back() -> None:
    recipe = Recipe(epochs=7, batch_size=32, optimiser="adamw", mixup=0.2, augmentation=Augmentation(crop="pad", pad=2))
    assert Recipe.from_json(json.loads(json.dumps(recipe.to_json()))) == recipe
    plain = dataclasses.replace(recipe, augmentation=None)
    assert Recipe.from_json(json.loads(json.dumps(plain.to_json()))) == plain


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"epochs": 0}, "epochs"),
        ({"optimiser": "lion"}, "optimiser"),
        ({"learning_rat": 0.1}, "learning_rat"),
        ({"ema": 1.0}, "ema"),
        ({"warmup_epochs": 10.0}, "warmup_epochs"),
        ({"batch_size": "many"}, "batch_size"),
    ],
)
def test_a_wrong_value_is_named(change: dict[str, object], named: str) -> None:
    with pytest.raises(EdgewiseError, match=named):
        Recipe.from_json({"epochs": 10, "batch_size": 32} | change)


def test_cosine_rises_step_by_step_and_falls_to_zero() -> None:
    recipe = Recipe(epochs=10, batch_size=1, learning_rate=0.4, warmup_epochs=2)
    rates = [recipe.learning_rate_at(step, 5) for step in range(50)]
    assert rates[:3] == pytest.approx([0.04, 0.08, 0.12])
    assert rates[9] == rates[10] == max(rates) == 0.4
    assert rates[30] == pytest.approx(0.4 * 0.5 * (1 + math.cos(math.pi / 2)))
    assert 0 < rates[-1] < 0.002
    assert rates[10:] == sorted(rates[10:], reverse=True)


def test_linear_and_steps() -> None:
    linear = Recipe(epochs=4, batch_size=1, learning_rate=0.5, schedule="linear")
    assert [linear.learning_rate_at(step, 1) for step in range(4)] == pytest.approx([0.5, 0.375, 0.25, 0.125])
    steps = Recipe(epochs=90, batch_size=1, learning_rate=0.1, schedule="steps", step_epochs=30, step_factor=0.1)
    assert [steps.learning_rate_at(epoch * 7, 7) for epoch in (0, 29, 30, 60)] == pytest.approx([0.1, 0.1, 0.01, 0.001])


def test_every_recipe_says_what_to_expect_and_has_a_json_form() -> None:
    functions = [getattr(recipes, name) for name in recipes.__all__]
    assert len(functions) >= 6
    for function in functions:
        recipe = function()
        assert Recipe.from_json(recipe.to_json()) == recipe
        for word in ("Command:", "Hardware:", "Time:", "Result:"):
            assert word in function.__doc__, f"{function.__name__} does not state {word}"


def test_recipes_do_not_import_torch() -> None:
    code = "import sys; from edgewise.training import recipes; recipes.quick(); assert 'torch' not in sys.modules"
    subprocess.run([sys.executable, "-c", code], check=True)
