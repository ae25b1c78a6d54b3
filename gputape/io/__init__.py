"""tf.io: files, records, pictures, and tensors as bytes.

files      read_file, write_file, matching_files, gfile
decode     raw bytes, CSV, base64, compression
tensors    serialize_tensor, parse_tensor
images     JPEG, PNG, GIF and BMP, by Pillow
parse      tf.train.Example into tensors
"""

from __future__ import annotations

from typing import Any

from . import decode, files, images, parse, tensors

NAMES: dict[str, Any] = {**files.NAMES, **decode.NAMES, **tensors.NAMES, **images.NAMES, **parse.NAMES}
