"""The examples of gputape.numpy run and learn."""

import importlib.util
from pathlib import Path

import pytest

EXAMPLES = Path(__file__).parents[2] / "examples"


@pytest.mark.parametrize(
    "name, learned",
    [
        ("numpy/logistic_regression", lambda right: right > 0.95),
        ("numpy/neural_net", lambda right: right > 0.9),
        ("numpy/lstm", lambda right: right > 0.9),
        ("numpy/fluid", lambda left: left < 0.8),
        ("numpy/mixture", lambda gain: gain > 0.3),
        ("numpy/define_gradient", lambda error: error < 1e-12),
        ("numpy/tanh", lambda third: abs(third + 2) < 1e-9),
        ("numpy/fixed_point", lambda distance: distance < 1e-3),
        ("numpy/gaussian_process", lambda error: error < 0.15),
        ("numpy/rosenbrock", lambda error: error < 1e-9),
        ("numpy/ode_net", lambda left: left < 0.1),
        ("own_kernel", lambda accuracy: accuracy > 0.9),
    ],
)
def test_example(name, learned):
    spec = importlib.util.spec_from_file_location(Path(name).name, EXAMPLES / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    assert learned(module.main())
