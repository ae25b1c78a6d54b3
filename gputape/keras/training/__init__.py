"""compile, fit, evaluate and predict: the Trainer that Model inherits, and how data, losses and metrics reach it.

trainer        compile, one step, metrics
loops          fit, evaluate, predict: the loops around the steps
data_adapter   what users pass as data, as batches
compile_loss   what users pass as loss, for a structure of outputs
compile_utils  the same for metrics
"""

from .trainer import Trainer as Trainer
