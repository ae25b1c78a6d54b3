"""Layers whose outputs, gradients and configs are recorded from Keras; read by make_layers.py and the test."""

from __future__ import annotations

from typing import Any

import numpy as np

# name: (class, constructor's arguments, input shape, call arguments)
CASES: dict[str, tuple[str, dict[str, Any], tuple[int, ...], dict[str, Any]]] = {
    "batch": ("BatchNormalization", {}, (4, 3, 2), {"training": True}),
    "batch_axis": ("BatchNormalization", {"axis": 1, "scale": False}, (4, 3, 2), {"training": True}),
    "batch_inference": ("BatchNormalization", {"moving_mean_initializer": "ones"}, (4, 3), {"training": False}),
    "batch_renorm": ("BatchNormalization", {"renorm": True, "renorm_clipping": {"rmax": 1.1}}, (4, 3), {"training": True}),
    "layer": ("LayerNormalization", {}, (3, 4, 5), {}),
    "layer_axes": ("LayerNormalization", {"axis": [1, 2], "center": False}, (3, 4, 5), {}),
    "group": ("GroupNormalization", {"groups": 2}, (2, 3, 4), {}),
    "group_axis": ("GroupNormalization", {"groups": 2, "axis": 1}, (2, 4, 3), {}),
    "rms": ("RMSNormalization", {}, (3, 5), {}),
    "unit": ("UnitNormalization", {"axis": 1}, (3, 4, 2), {}),
    "conv_same": ("Conv2D", {"filters": 3, "kernel_size": 3, "strides": 2, "padding": "same"}, (2, 5, 4, 2), {}),
    "conv_causal": ("Conv1D", {"filters": 2, "kernel_size": 2, "dilation_rate": 2, "padding": "causal"}, (2, 6, 3), {}),
    "depthwise": ("DepthwiseConv2D", {"kernel_size": 2, "depth_multiplier": 2}, (2, 4, 5, 3), {}),
    "depthwise_1d": ("DepthwiseConv1D", {"kernel_size": 3, "padding": "same"}, (2, 5, 3), {}),
    "separable": ("SeparableConv2D", {"filters": 3, "kernel_size": 2, "depth_multiplier": 2}, (2, 4, 4, 2), {}),
    "separable_1d": ("SeparableConv1D", {"filters": 3, "kernel_size": 2, "strides": 2}, (2, 5, 2), {}),
    "transposed": ("Conv2DTranspose", {"filters": 2, "kernel_size": 3, "strides": 2, "padding": "same"}, (2, 3, 4, 2), {}),
    "transposed_1d": ("Conv1DTranspose", {"filters": 2, "kernel_size": 3, "strides": 2, "output_padding": 1}, (2, 3, 2), {}),
    "transposed_3d": ("Conv3DTranspose", {"filters": 2, "kernel_size": 2}, (1, 2, 3, 2, 2), {}),
    "max_pool": ("MaxPooling2D", {"padding": "same"}, (2, 5, 4, 2), {}),
    "average_pool": ("AveragePooling1D", {"pool_size": 3, "strides": 2}, (2, 7, 2), {}),
    "adaptive_average": ("AdaptiveAveragePooling2D", {"output_size": [3, 2]}, (2, 7, 5, 2), {}),
    "adaptive_max": ("AdaptiveMaxPooling1D", {"output_size": 4, "data_format": "channels_first"}, (2, 3, 6), {}),
    "adaptive_volume": ("AdaptiveAveragePooling3D", {"output_size": 2}, (1, 4, 3, 2, 2), {}),
    "lstm": ("LSTM", {"units": 3, "return_sequences": True}, (2, 4, 3), {}),
    "lstm_state": ("LSTM", {"units": 3, "return_state": True, "unit_forget_bias": False}, (2, 4, 3), {}),
    "lstm_masked": ("LSTM", {"units": 3, "go_backwards": True}, (2, 4, 3), {"mask": True}),
    "gru": ("GRU", {"units": 3, "return_sequences": True}, (2, 4, 3), {}),
    "gru_before": ("GRU", {"units": 3, "reset_after": False}, (2, 4, 3), {}),
    "simple_rnn": ("SimpleRNN", {"units": 3, "return_sequences": True, "unroll": True}, (2, 4, 3), {"mask": True}),
    "conv_lstm": (
        "ConvLSTM2D", {"filters": 2, "kernel_size": 2, "return_state": True, "strides": 2}, (2, 3, 5, 4, 2), {"mask": True},
    ),
    "conv_lstm_1d": (
        "ConvLSTM1D", {"filters": 2, "kernel_size": 3, "padding": "same", "dilation_rate": 2, "return_sequences": True},
        (2, 3, 5, 2), {},
    ),
    "conv_lstm_3d": ("ConvLSTM3D", {"filters": 1, "kernel_size": 2, "go_backwards": True}, (1, 2, 3, 2, 3, 1), {}),
    "multi_head": ("MultiHeadAttention", {"num_heads": 2, "key_dim": 3}, (2, 4, 5), {"use_causal_mask": True}),
    "multi_head_window": (
        "MultiHeadAttention", {"num_heads": 2, "key_dim": 3, "value_dim": 4, "sliding_window": 2, "use_gate": True},
        (2, 4, 5), {},
    ),
    "group_query": ("GroupQueryAttention", {"head_dim": 3, "num_query_heads": 4, "num_key_value_heads": 2}, (2, 4, 5), {}),
    "attention": ("Attention", {"use_scale": True}, (2, 4, 3), {"use_causal_mask": True}),
    "additive": ("AdditiveAttention", {}, (2, 4, 3), {}),
}  # fmt: skip


def evaluate(keras: Any, tf: Any, name: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """Outputs, variables after the call and gradients by name, and the config, of one case."""
    cls, arguments, shape, called = CASES[name]
    rng = np.random.default_rng(len(name))
    layer = getattr(keras.layers, cls)(name=name, **arguments)
    x = tf.Variable(rng.normal(size=shape).astype("float32"))
    given = dict(called)
    if given.get("mask"):
        given["mask"] = tf.constant(rng.random(shape[:2]) > 0.3)
    x0 = tf.convert_to_tensor(x)
    inputs: tuple[Any, ...] = (x0,)
    if "attention" in cls.lower():
        inputs = (x0, x0) if "Head" in cls or "Group" in cls else ([x0, x0],)
    layer(*inputs, **{**given, "training": False} if "training" in given else given)
    for v in layer.trainable_variables:
        v.assign(rng.normal(size=tuple(v.shape)).astype("float32"))
    with tf.GradientTape() as tape:
        x1 = tf.identity(x)
        inputs = (x1,)
        if "attention" in cls.lower():
            inputs = (x1, x1) if "Head" in cls or "Group" in cls else ([x1, x1],)
        y = layer(*inputs, **given)
        outputs = list(y) if isinstance(y, (list, tuple)) else [y]
        loss = tf.add_n([tf.reduce_sum(tf.sin(o) * o) for o in outputs])
    variables = [v if isinstance(v, tf.Variable) else v.value for v in layer.trainable_variables]
    gradients = tape.gradient(loss, [x, *variables])
    found = {f"y{k}": np.asarray(o) for k, o in enumerate(outputs)}
    found |= {f"d{k}": np.asarray(g) for k, g in enumerate(gradients) if g is not None}
    found |= {f"v{k}": np.asarray(v) for k, v in enumerate(layer.weights) if not v.trainable}
    return found, layer.get_config()
