"""compile, fit, evaluate and predict: the Trainer that Model inherits, and how data, losses and metrics reach it.

trainer        compile, one step, metrics
loops          fit, evaluate, predict: the loops around the steps
data_adapter   what users pass as data, as batches
compile_utils  what users pass as loss and metrics, for a structure of outputs
"""

from .trainer import Trainer as Trainer
