"""DeviceSpec: the parts of a device's name, such as "/job:worker/task:1/device:GPU:0"."""

from __future__ import annotations

import re
from typing import Any

_FIELDS = ("job", "replica", "task", "device_type", "device_index")


class DeviceSpec:
    """A device name in parts; None is what is not said. Immutable. Reference: tf.DeviceSpec.

    >>> import gputape as tf
    >>> spec = tf.DeviceSpec.from_string("/job:worker/gpu:1")
    >>> spec.device_type, spec.device_index, spec.replace(job=None).to_string()
    ('GPU', 1, '/device:GPU:1')
    """

    __slots__ = ("_parts",)

    def __init__(
        self,
        job: str | None = None,
        replica: int | None = None,
        task: int | None = None,
        device_type: str | None = None,
        device_index: int | None = None,
    ) -> None:
        kind = None if device_type is None else str(device_type)
        kind = kind.upper() if kind is not None and kind.lower() in ("cpu", "gpu") else kind
        self._parts = (
            None if job is None else str(job),
            None if replica is None else int(replica),
            None if task is None else int(task),
            kind,
            None if device_index is None else int(device_index),
        )

    @property
    def job(self) -> Any:
        return self._parts[0]

    @property
    def replica(self) -> Any:
        return self._parts[1]

    @property
    def task(self) -> Any:
        return self._parts[2]

    @property
    def device_type(self) -> Any:
        return self._parts[3]

    @property
    def device_index(self) -> Any:
        return self._parts[4]

    @classmethod
    def from_string(cls, spec: str) -> DeviceSpec:
        """The parts of a name. ValueError for parts that no device name has."""
        found: dict[str, Any] = {}
        for part in filter(None, spec.split("/")):
            key, _, value = part.partition(":")
            if key in ("job", "replica", "task"):
                found[key] = value
            elif match := re.fullmatch(r"(?:device:)?([A-Za-z_]\w*):(\d+|\*)", part):
                if not part.startswith("device:") and key.lower() not in ("cpu", "gpu"):
                    raise ValueError(
                        f"Unknown attribute {key!r} is encountered while parsing the device spec: {spec!r}."
                    )
                found["device_type"] = match[1]
                found["device_index"] = None if match[2] == "*" else match[2]
            else:
                raise ValueError(f"Unknown attribute {key!r} is encountered while parsing the device spec: {spec!r}.")
        return cls(**found)

    def to_string(self) -> str:
        text = "".join(f"/{k}:{v}" for k, v in zip(_FIELDS, self._parts[:3]) if v is not None)
        if self.device_type is None:
            return text
        return f"{text}/device:{self.device_type}:{'*' if self.device_index is None else self.device_index}"

    def replace(self, **kwargs: Any) -> DeviceSpec:
        """A copy with some parts changed."""
        return DeviceSpec(**{**self._asdict(), **kwargs})

    def make_merged_spec(self, dev: DeviceSpec) -> DeviceSpec:
        """A copy in which what `dev` says goes first."""
        return self.replace(**{k: v for k, v in dev._asdict().items() if v is not None})

    def parse_from_string(self, spec: str) -> DeviceSpec:
        return self.from_string(spec)

    def _asdict(self) -> dict[str, Any]:
        return dict(zip(_FIELDS, self._parts, strict=True))

    def __eq__(self, other: object) -> bool:
        return isinstance(other, DeviceSpec) and self._parts == other._parts

    def __hash__(self) -> int:
        return hash(self._parts)

    def __repr__(self) -> str:
        return f"<DeviceSpec({', '.join(f'{k}={v}' for k, v in self._asdict().items())})>"
