"""``with_learning_rate`` on what keeps its rate to itself."""

import optax
import pytest

from neuralopt import optimizers, transforms
from neuralopt.core.errors import InvalidArgument


@pytest.mark.parametrize("wrap", [lambda o: o, transforms.chain, transforms.DecoupledDecay])
def test_a_made_optax_transformation_says_why_its_rate_stays(wrap) -> None:
    made = wrap(optimizers.from_optax(optax.sgd(0.1)))
    with pytest.raises(InvalidArgument, match=r"is already made and keeps its own.*got learning_rate=0\.5"):
        optimizers.with_learning_rate(made, 0.5)
