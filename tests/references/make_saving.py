"""Records saving.keras and saving.npz with Keras 3.15: a nested model after a step of training, and its predictions."""

import zipfile
from pathlib import Path

import keras
import numpy as np

HERE = Path(__file__).parent
keras.utils.set_random_seed(0)
inner = keras.Sequential([keras.Input((4,)), keras.layers.Dense(3, "relu"), keras.layers.BatchNormalization()])
x = keras.Input((5, 5, 1))
y = keras.layers.GlobalAveragePooling2D()(keras.layers.Conv2D(4, 3)(x))
model = keras.Model(x, keras.layers.Dense(2)(inner(y)))
model.compile(keras.optimizers.SGD(0.01, momentum=0.9), "mse")
data = np.random.default_rng(0).random((4, 5, 5, 1), dtype="float32")
model.fit(data, data[:, :2, 0, 0], verbose=0)
model.save(HERE / "saving.keras")
with zipfile.ZipFile(HERE / "saving.keras") as archive:
    contents = {name: archive.read(name) for name in archive.namelist()}
with zipfile.ZipFile(HERE / "saving.keras", "w", zipfile.ZIP_DEFLATED) as archive:  # a small file to keep
    for name, content in contents.items():
        archive.writestr(name, content)
velocity = np.concatenate([np.ravel(v) for v in model.optimizer.variables])
np.savez(HERE / "saving.npz", x=data, y=model.predict(data, verbose=0), optimizer=velocity)
