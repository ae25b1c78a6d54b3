"""compile, fit, evaluate and predict: the Trainer that Model inherits, and how data, losses and metrics reach it."""

from .trainer import Trainer as Trainer
