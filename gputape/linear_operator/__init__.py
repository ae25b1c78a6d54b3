"""tf.linalg.LinearOperator and its kinds: matrices known by their structure, which is what products and solves use.

base       LinearOperator: what every kind can do, from products or the dense matrix alone
diagonal   diagonals, multiples of the identity, zeros
matrices   full, lower triangular, tridiagonal, Toeplitz, Householder, permutation
circulant  circulant matrices in one to three dimensions, by Fourier transforms
combined   operators made of others: products, adjoints, inverses, Kronecker products, low-rank updates
blocks     block diagonal and block lower triangular

conjugate_gradient   solving by products alone
"""

from __future__ import annotations

from typing import Any

from .base import LinearOperator
from .blocks import LinearOperatorBlockDiag, LinearOperatorBlockLowerTriangular
from .circulant import LinearOperatorCirculant, LinearOperatorCirculant2D, LinearOperatorCirculant3D
from .combined import (
    LinearOperatorAdjoint,
    LinearOperatorComposition,
    LinearOperatorInversion,
    LinearOperatorKronecker,
    LinearOperatorLowRankUpdate,
)
from .conjugate_gradient import conjugate_gradient
from .diagonal import LinearOperatorDiag, LinearOperatorIdentity, LinearOperatorScaledIdentity, LinearOperatorZeros
from .matrices import (
    LinearOperatorFullMatrix,
    LinearOperatorHouseholder,
    LinearOperatorLowerTriangular,
    LinearOperatorPermutation,
    LinearOperatorToeplitz,
    LinearOperatorTridiag,
)

_KINDS = (
    LinearOperator, LinearOperatorAdjoint, LinearOperatorBlockDiag, LinearOperatorBlockLowerTriangular,
    LinearOperatorCirculant, LinearOperatorCirculant2D, LinearOperatorCirculant3D, LinearOperatorComposition,
    LinearOperatorDiag, LinearOperatorFullMatrix, LinearOperatorHouseholder, LinearOperatorIdentity,
    LinearOperatorInversion, LinearOperatorKronecker, LinearOperatorLowRankUpdate, LinearOperatorLowerTriangular,
    LinearOperatorPermutation, LinearOperatorScaledIdentity, LinearOperatorToeplitz, LinearOperatorTridiag,
    LinearOperatorZeros,
)  # fmt: skip
NAMES: dict[str, Any] = {f"tf.linalg.{kind.__name__}": kind for kind in _KINDS}
NAMES["tf.linalg.experimental.conjugate_gradient"] = conjugate_gradient
