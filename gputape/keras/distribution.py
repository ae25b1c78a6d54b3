"""keras.distribution: Keras's words for where tensors lie, on the one device that a process of this library uses.

Meshes, layouts and layout maps can be made and looked up for any number of devices; a distribution over more than one is
refused, so that no program believes it runs on several.
"""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterator, MutableMapping
from typing import Any

import numpy as np

import gputape as tf

_current: list[Any] = [None]


def list_devices(device_type: str | None = None) -> list[str]:
    """The devices of one type ("cpu", "gpu"), such as "gpu:0"; by default the GPU, or the CPU where there is none.

    >>> from gputape import keras
    >>> keras.distribution.list_devices("cpu")
    ['cpu:0']
    """
    found = [d.name.rpartition("/")[2].removeprefix("device:").lower() for d in tf.config.list_logical_devices()]
    kind = device_type.lower() if device_type else found[-1].partition(":")[0]
    return [name for name in found if name.startswith(kind)]


def get_device_count(device_type: str | None = None) -> int:
    """How many devices `list_devices` names."""
    return len(list_devices(device_type))


def initialize(
    job_addresses: str | None = None, num_processes: int | None = None, process_id: int | None = None
) -> None:
    """Nothing for one process. NotImplementedError for more: they would not find each other."""
    if (num_processes or 1) > 1 or (job_addresses and "," in job_addresses):
        raise NotImplementedError(
            "keras.distribution.initialize: a model trains in one process on one device here; see tf.distribute for "
            "what can be split."
        )


class DeviceMesh:
    """Devices in a grid with named axes.

    Args:
        shape: the sizes of the axes.
        axis_names: a name for each.
        devices: their names, as many as the grid has places; default `list_devices()`.

    Raises ValueError if the three do not fit.

    >>> from gputape import keras
    >>> keras.distribution.DeviceMesh((1, 2), ["batch", "model"], ["gpu:0", "gpu:1"]).devices
    array([['gpu:0', 'gpu:1']], dtype='<U5')
    """

    def __init__(self, shape: Any, axis_names: Any, devices: Any = None) -> None:
        if not shape or not axis_names:
            raise ValueError(f"Shape and axis_names cannot be empty. Received: shape={shape}, axis_names={axis_names}")
        if len(shape) != len(axis_names):
            raise ValueError(
                f"Shape and axis_names should have same size. Received: shape={shape}, axis_names={axis_names}"
            )
        array = np.array(list_devices() if devices is None else devices)
        if int(np.prod(shape)) != array.size:
            raise ValueError(
                f"Shape does not match the number of devices. Received: shape={shape}; devices.shape={array.shape}"
            )
        self.shape, self.axis_names, self.devices = tuple(shape), list(axis_names), array.reshape(shape)

    def __repr__(self) -> str:
        return f"<DeviceMesh shape={self.shape}, axis_names={self.axis_names}>"


class TensorLayout:
    """Which axis of a mesh each axis of a tensor is divided along; None for an axis that is not.

    Raises ValueError for axes that the mesh does not have; the mesh may be given later.
    """

    def __init__(self, axes: Any, device_mesh: DeviceMesh | None = None) -> None:
        self.axes, self._mesh = tuple(axes), device_mesh
        self._check()

    @property
    def device_mesh(self) -> DeviceMesh | None:
        return self._mesh

    @device_mesh.setter
    def device_mesh(self, mesh: DeviceMesh) -> None:
        if self._mesh is not None:
            raise ValueError(f"Cannot override device mesh value. Existing value is {self._mesh}")
        self._mesh = mesh
        self._check()

    def _check(self) -> None:
        known = set(self._mesh.axis_names) if self._mesh else set()
        if self._mesh and not {axis for axis in self.axes if axis} <= known:
            raise ValueError(f"Invalid axis names for Layout. Valid axis names: {sorted(known)}, Got {self.axes}")

    def __repr__(self) -> str:
        return f"<TensorLayout axes={self.axes}, device_mesh={self._mesh}>"


class LayoutMap(MutableMapping[str, Any]):
    """Layouts by regular expressions over the paths of variables; a path finds the one expression that fits it.

    >>> from gputape import keras
    >>> layouts = keras.distribution.LayoutMap(keras.distribution.DeviceMesh((1,), ["model"], ["cpu:0"]))
    >>> layouts["dense.*kernel"] = (None, "model")
    >>> layouts["dense_1/kernel"].axes
    (None, 'model')
    """

    def __init__(self, device_mesh: DeviceMesh) -> None:
        self._mesh, self._layouts = device_mesh, {}  # type: tuple[DeviceMesh, dict[str, TensorLayout]]

    @property
    def device_mesh(self) -> DeviceMesh:
        return self._mesh

    def __getitem__(self, key: str) -> Any:
        """The layout of an expression or a path, None for none; ValueError if several expressions fit the path."""
        if key in self._layouts:
            return self._layouts[key]
        fitting = [pattern for pattern in self._layouts if re.search(pattern, key)]
        if len(fitting) > 1:
            raise ValueError(
                f"Path '{key}' matches multiple layout specification keys: {fitting}. Please make sure each tensor/"
                "variable path only matches at most one layout specification key in the LayoutMap."
            )
        return self._layouts[fitting[0]] if fitting else None

    def __setitem__(self, key: str, layout: Any) -> None:
        """ValueError for an expression that is there already, or what is no layout."""
        if key in self._layouts:
            raise ValueError(f"{key} already exist in the LayoutMap with value {self._layouts[key]}")
        layout = TensorLayout(layout) if isinstance(layout, tuple) else layout
        if not isinstance(layout, TensorLayout):
            raise ValueError(f"{layout} should be a TensorLayout type, got {type(layout)}")
        if layout.device_mesh is None:
            layout.device_mesh = self._mesh
        self._layouts[key] = layout

    def __delitem__(self, key: str) -> None:
        del self._layouts[key]

    def __len__(self) -> int:
        return len(self._layouts)

    def __iter__(self) -> Iterator[str]:
        return iter(self._layouts)


class Distribution:
    """How a model's variables and data lie on a mesh; the base of DataParallel and ModelParallel.

    NotImplementedError for a mesh of more than one device.
    """

    def __init__(
        self, device_mesh: DeviceMesh, batch_dim_name: str | None = None, auto_shard_dataset: bool = True
    ) -> None:
        if device_mesh.devices.size != 1:
            raise NotImplementedError(
                f"keras.distribution: a model trains on one device here, the mesh has {device_mesh.devices.size}; see "
                "tf.distribute for what can be split."
            )
        self.device_mesh, self.auto_shard_dataset = device_mesh, auto_shard_dataset
        self.batch_dim_name = batch_dim_name or device_mesh.axis_names[0]

    def get_data_layout(self, data_shape: Any) -> TensorLayout:
        """The first axis along the batch, the others whole."""
        return TensorLayout([self.batch_dim_name, *[None] * (len(data_shape) - 1)], self.device_mesh)

    def get_variable_layout(self, variable: Any) -> TensorLayout:
        """Whole on the device."""
        return TensorLayout([None] * len(variable.shape), self.device_mesh)

    def get_tensor_layout(self, path: str) -> TensorLayout | None:
        """The layout of an intermediate result; None, for none is asked for."""
        return None

    def distribute_dataset(self, dataset: Any) -> Any:
        """The dataset itself: the one device gets all of it."""
        return dataset

    @contextlib.contextmanager
    def scope(self) -> Iterator[None]:
        """A context in which `keras.distribution.distribution()` is this one."""
        before, _current[0] = _current[0], self
        try:
            yield
        finally:
            _current[0] = before


class DataParallel(Distribution):
    """Batches divided among devices, of which there is one. Made of a mesh, of a list of devices, or of all of them.

    >>> from gputape import keras
    >>> keras.distribution.set_distribution(keras.distribution.DataParallel(devices=["cpu:0"]))
    >>> keras.distribution.distribution().get_data_layout((32, 10)).axes
    ('batch', None)
    >>> keras.distribution.set_distribution(None)
    """

    def __init__(
        self, device_mesh: DeviceMesh | None = None, devices: Any = None, auto_shard_dataset: bool = True
    ) -> None:
        names = list_devices() if devices is None else devices
        super().__init__(device_mesh or DeviceMesh((len(names),), ["batch"], names), None, auto_shard_dataset)


class ModelParallel(Distribution):
    """Variables divided as a LayoutMap says, on one device. ValueError without a LayoutMap."""

    def __init__(
        self, *, layout_map: LayoutMap | None = None, batch_dim_name: str | None = None, auto_shard_dataset: bool = True
    ) -> None:
        if not isinstance(layout_map, LayoutMap):
            raise ValueError(f"Argument `layout_map` must be a `LayoutMap` instance. Received: {layout_map}")
        super().__init__(layout_map.device_mesh, batch_dim_name, auto_shard_dataset)
        self._layout_map = layout_map

    def get_variable_layout(self, variable: Any) -> TensorLayout:
        return self._layout_map[variable.path] or super().get_variable_layout(variable)

    def get_tensor_layout(self, path: str) -> TensorLayout | None:
        return self._layout_map[path]


def distribution() -> Distribution | None:
    """The distribution that was set, or None."""
    return _current[0]


def set_distribution(value: Distribution | None) -> None:
    """Make `value` the distribution that `distribution()` gives."""
    _current[0] = value


def distribute_tensor(tensor: Any, layout: Any) -> Any:
    """`tensor` in `layout`: on one device every layout is the tensor itself."""
    return tensor


__all__ = [
    "DataParallel", "DeviceMesh", "LayoutMap", "ModelParallel", "TensorLayout", "distribute_tensor", "distribution",
    "get_device_count", "initialize", "list_devices", "set_distribution",
]  # fmt: skip
