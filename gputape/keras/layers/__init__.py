"""keras.layers: the layers, a family per file."""

from __future__ import annotations

from typing import Any

from gputape.errors import unknown_name

from ..serialization import deserialize_keras_object, serialize_keras_object

# isort: off
from .input_spec import InputSpec
from .layer import Layer
from .input import Input, InputLayer
from .core import Dense, EinsumDense, Embedding, Identity, Masking, Wrapper
from .reversible_embedding import ReversibleEmbedding
from .lambda_layer import Lambda
from .activations import ELU, Activation, LeakyReLU, PReLU, ReLU, Softmax
from .merging import (
    Add, Average, Concatenate, Dot, Maximum, Minimum, Multiply, Subtract,
    add, average, concatenate, dot, maximum, minimum, multiply, subtract,
)  # fmt: skip
from .reshaping import (
    Cropping1D, Cropping2D, Cropping3D, Flatten, Permute, RepeatVector, Reshape,
    UpSampling1D, UpSampling2D, UpSampling3D, ZeroPadding1D, ZeroPadding2D, ZeroPadding3D,
)  # fmt: skip
from .convolutional import Conv1D, Conv2D, Conv3D, Convolution1D, Convolution2D, Convolution3D
from .depthwise import DepthwiseConv1D, DepthwiseConv2D
from .separable import SeparableConv1D, SeparableConv2D, SeparableConvolution1D, SeparableConvolution2D
from .transposed import (
    Conv1DTranspose, Conv2DTranspose, Conv3DTranspose, Convolution1DTranspose, Convolution2DTranspose,
    Convolution3DTranspose,
)  # fmt: skip
from .batch_normalization import BatchNormalization
from .layer_normalization import LayerNormalization
from .group_normalization import GroupNormalization
from .vector_normalization import RMSNormalization, UnitNormalization
from .spectral_normalization import SpectralNormalization
from .pooling import (
    AveragePooling1D, AveragePooling2D, AveragePooling3D, AvgPool1D, AvgPool2D, AvgPool3D, GlobalAveragePooling1D,
    GlobalAveragePooling2D, GlobalAveragePooling3D, GlobalAvgPool1D, GlobalAvgPool2D, GlobalAvgPool3D, GlobalMaxPool1D,
    GlobalMaxPool2D, GlobalMaxPool3D, GlobalMaxPooling1D, GlobalMaxPooling2D, GlobalMaxPooling3D, MaxPool1D, MaxPool2D,
    MaxPool3D, MaxPooling1D, MaxPooling2D, MaxPooling3D,
)  # fmt: skip
from .adaptive_pooling import (
    AdaptiveAveragePooling1D, AdaptiveAveragePooling2D, AdaptiveAveragePooling3D, AdaptiveMaxPooling1D,
    AdaptiveMaxPooling2D, AdaptiveMaxPooling3D,
)  # fmt: skip
from .stacked_rnn_cells import StackedRNNCells
from .recurrent import RNN
from .lstm import LSTM, LSTMCell
from .gru import GRU, GRUCell
from .simple_rnn import SimpleRNN, SimpleRNNCell
from .conv_lstm import ConvLSTM1D, ConvLSTM2D, ConvLSTM3D
from .bidirectional import Bidirectional
from .time_distributed import TimeDistributed
from .attention import AdditiveAttention, Attention
from .multi_head_attention import MultiHeadAttention
from .grouped_query_attention import GroupedQueryAttention, GroupQueryAttention
from .rescaling import Rescaling
from .feature_normalization import Normalization
from .category_encoding import CategoryEncoding
from .discretization import Discretization
from .hashing import Hashing
from .hashed_crossing import HashedCrossing
from .integer_lookup import IntegerLookup
from .string_lookup import StringLookup
from .text_vectorization import TextVectorization
from .spectrogram import MelSpectrogram, STFTSpectrogram
from .regularization import (
    ActivityRegularization, AlphaDropout, Dropout, GaussianDropout, GaussianNoise, SpatialDropout1D, SpatialDropout2D,
    SpatialDropout3D,
)  # fmt: skip
from .image import (
    AugMix, AutoContrast, BaseImagePreprocessingLayer, CenterCrop, ContrastLimitedAdaptiveHistogramEqualization,
    CutMix, Equalization, MaxNumBoundingBoxes, MixUp, Pipeline, RandAugment, RandomBrightness, RandomColorDegeneration,
    RandomColorJitter, RandomContrast, RandomCrop, RandomElasticTransform, RandomErasing, RandomFlip,
    RandomGaussianBlur, RandomGrayscale, RandomHue, RandomInvert, RandomPerspective, RandomPosterization,
    RandomRotation, RandomSaturation, RandomSharpness, RandomShear, RandomTranslation, RandomZoom, Resizing,
    Solarization,
)  # fmt: skip
# isort: on


def serialize(layer: Any) -> Any:
    """The config of a layer, from which `deserialize` makes it again."""
    return serialize_keras_object(layer)


def deserialize(config: Any, custom_objects: Any = None) -> Any:
    """The layer that `serialize` described; ValueError if the config is of something else."""
    made = deserialize_keras_object(config, custom_objects=custom_objects)
    if not isinstance(made, Layer):
        raise ValueError(
            "`keras.layers.deserialize` was passed a `config` object that is not a `keras.layers.Layer`. Received: "
            f"{config}"
        )
    return made


__all__ = [
    # base
    "Input", "InputLayer", "InputSpec", "Layer", "deserialize", "serialize",
    # core
    "Dense", "EinsumDense", "Embedding", "Identity", "Lambda", "Masking", "ReversibleEmbedding", "Wrapper",
    # activations
    "Activation", "ELU", "LeakyReLU", "PReLU", "ReLU", "Softmax",
    # merging
    "Add", "Average", "Concatenate", "Dot", "Maximum", "Minimum", "Multiply", "Subtract",
    "add", "average", "concatenate", "dot", "maximum", "minimum", "multiply", "subtract",
    # reshaping
    "Cropping1D", "Cropping2D", "Cropping3D", "Flatten", "Permute", "RepeatVector", "Reshape",
    "UpSampling1D", "UpSampling2D", "UpSampling3D", "ZeroPadding1D", "ZeroPadding2D", "ZeroPadding3D",
    # convolutional
    "Conv1D", "Conv2D", "Conv3D", "Conv1DTranspose", "Conv2DTranspose", "Conv3DTranspose", "DepthwiseConv1D",
    "DepthwiseConv2D", "SeparableConv1D", "SeparableConv2D", "Convolution1D", "Convolution2D", "Convolution3D",
    "Convolution1DTranspose", "Convolution2DTranspose", "Convolution3DTranspose", "SeparableConvolution1D",
    "SeparableConvolution2D",
    # normalization
    "BatchNormalization", "GroupNormalization", "LayerNormalization", "RMSNormalization", "SpectralNormalization",
    "UnitNormalization",
    # pooling
    "AdaptiveAveragePooling1D", "AdaptiveAveragePooling2D", "AdaptiveAveragePooling3D", "AdaptiveMaxPooling1D",
    "AdaptiveMaxPooling2D", "AdaptiveMaxPooling3D",
    "AveragePooling1D", "AveragePooling2D", "AveragePooling3D", "AvgPool1D", "AvgPool2D", "AvgPool3D",
    "GlobalAveragePooling1D", "GlobalAveragePooling2D", "GlobalAveragePooling3D", "GlobalAvgPool1D", "GlobalAvgPool2D",
    "GlobalAvgPool3D", "GlobalMaxPool1D", "GlobalMaxPool2D", "GlobalMaxPool3D", "GlobalMaxPooling1D",
    "GlobalMaxPooling2D", "GlobalMaxPooling3D", "MaxPool1D", "MaxPool2D", "MaxPool3D", "MaxPooling1D", "MaxPooling2D",
    "MaxPooling3D",
    # recurrent
    "Bidirectional", "ConvLSTM1D", "ConvLSTM2D", "ConvLSTM3D", "GRU", "GRUCell", "LSTM", "LSTMCell", "RNN", "SimpleRNN",
    "SimpleRNNCell", "StackedRNNCells", "TimeDistributed",
    # attention
    "AdditiveAttention", "Attention", "GroupQueryAttention", "GroupedQueryAttention", "MultiHeadAttention",
    # preprocessing of tables and text
    "CategoryEncoding", "Discretization", "HashedCrossing", "Hashing", "IntegerLookup", "Normalization", "Rescaling",
    "StringLookup", "TextVectorization",
    "MelSpectrogram", "STFTSpectrogram",
    # regularization
    "ActivityRegularization", "AlphaDropout", "Dropout", "GaussianDropout", "GaussianNoise", "SpatialDropout1D",
    "SpatialDropout2D", "SpatialDropout3D",
    # images
    "AugMix", "AutoContrast", "BaseImagePreprocessingLayer", "CenterCrop",
    "ContrastLimitedAdaptiveHistogramEqualization", "CutMix", "Equalization", "MaxNumBoundingBoxes", "MixUp",
    "Pipeline", "RandAugment", "RandomBrightness", "RandomColorDegeneration", "RandomColorJitter", "RandomContrast",
    "RandomCrop", "RandomElasticTransform", "RandomErasing", "RandomFlip", "RandomGaussianBlur", "RandomGrayscale",
    "RandomHue", "RandomInvert", "RandomPerspective", "RandomPosterization", "RandomRotation", "RandomSaturation",
    "RandomSharpness", "RandomShear", "RandomTranslation", "RandomZoom", "Resizing", "Solarization",
]  # fmt: skip


def __getattr__(name: str) -> Any:
    raise unknown_name(__name__, name, globals())
