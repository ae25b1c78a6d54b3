"""Each kind of linear operator says the same as its dense matrix: products, solves, numbers, other operators."""

import numpy as np
import pytest

import gputape as tf

L = tf.linalg
RNG = np.random.default_rng(0)


def normal(*shape):
    return RNG.normal(size=shape)


A = normal(3, 3) + 4 * np.eye(3)
B = normal(2, 2, 2) + 4 * np.eye(2)
C = A + 1j * normal(3, 3)
SPD = A @ A.T


def full(matrix, **promises):
    return L.LinearOperatorFullMatrix(matrix, **promises)


def lower_blocks():
    blocks = [[full(A)], [full(normal(2, 3)), full(B)], [full(normal(1, 3)), full(normal(1, 2)), full([[2.0]])]]
    return L.LinearOperatorBlockLowerTriangular([[tf_cast(o) for o in row] for row in blocks])


def tf_cast(operator):
    return full(tf.cast(operator.matrix, tf.float64))


SQUARE = {
    "full": lambda: full(A),
    "full_batch": lambda: full(B),
    "full_complex": lambda: full(C),
    "full_spd": lambda: full(SPD, is_self_adjoint=True, is_positive_definite=True),
    "diag": lambda: L.LinearOperatorDiag(normal(2, 3)),
    "diag_complex": lambda: L.LinearOperatorDiag(normal(3) + 1j * normal(3)),
    "identity": lambda: L.LinearOperatorIdentity(3, dtype=tf.float64),
    "identity_batch": lambda: L.LinearOperatorIdentity(3, [2], tf.float64),
    "scaled": lambda: L.LinearOperatorScaledIdentity(3, normal(2)),
    "lower": lambda: L.LinearOperatorLowerTriangular(A),
    "tridiag": lambda: L.LinearOperatorTridiag(np.stack([normal(4), 5 + normal(4), normal(4)])),
    "tridiag_complex": lambda: L.LinearOperatorTridiag(normal(3, 4) + 1j * normal(3, 4) + [[0], [5], [0]]),
    "tridiag_sequence": lambda: L.LinearOperatorTridiag([normal(3), 5 + normal(4), normal(3)], "sequence"),
    "tridiag_matrix": lambda: L.LinearOperatorTridiag(normal(4, 4) + 5 * np.eye(4), "matrix"),
    "toeplitz": lambda: L.LinearOperatorToeplitz([5.0, 1.0, 2.0], np.array([5.0, -1.0, 3.0], "f4")),
    "householder": lambda: L.LinearOperatorHouseholder(normal(2, 3)),
    "permutation": lambda: L.LinearOperatorPermutation([[1, 2, 0], [0, 2, 1]], tf.float64),
    "circulant": lambda: L.LinearOperatorCirculant(normal(3) + 1j * normal(3), tf.complex128),
    "circulant2": lambda: L.LinearOperatorCirculant2D(normal(2, 3, 2) + 1j, tf.complex128),
    "circulant3": lambda: L.LinearOperatorCirculant3D(normal(2, 2, 2) + 2, tf.complex128),
    "composition": lambda: full(A) @ L.LinearOperatorLowerTriangular(SPD),
    "adjoint": lambda: full(C).adjoint(),
    "inversion": lambda: full(C).inverse(),
    "kronecker": lambda: L.LinearOperatorKronecker([full(A), full(B), full(normal(2, 2) + 3 * np.eye(2))]),
    "low_rank": lambda: L.LinearOperatorLowRankUpdate(full(A), normal(3, 2), normal(2), normal(3, 2)),
    "low_rank_complex": lambda: L.LinearOperatorLowRankUpdate(full(C), normal(3, 1) + 1j * normal(3, 1)),
    "blocks": lambda: L.LinearOperatorBlockDiag([full(A), full(B)]),
    "lower_blocks": lower_blocks,
}
OBLONG = {
    "full": lambda: full(normal(2, 3)),
    "zeros": lambda: L.LinearOperatorZeros(2, 3, [2], tf.float64),
    "toeplitz": lambda: L.LinearOperatorToeplitz(normal(2), normal(3)),
    "kronecker": lambda: L.LinearOperatorKronecker([full(normal(2, 3)), full(normal(1, 2))]),
    "blocks": lambda: L.LinearOperatorBlockDiag([full(normal(2, 3)), full(normal(1, 2))]),
    "composition": lambda: full(normal(2, 3)) @ full(normal(3, 4)),
}
ALL = {**SQUARE, **{f"{name}_oblong": make for name, make in OBLONG.items()}}


@pytest.fixture(autouse=True)
def from_one_seed():
    global RNG
    RNG = np.random.default_rng(1)


def close(made, wanted):
    made = np.asarray(made)
    assert made.shape == np.shape(wanted)
    tolerance = 1e-4 if made.dtype in (np.float32, np.complex64) else 1e-9
    np.testing.assert_allclose(made, wanted, rtol=tolerance, atol=tolerance)


def dense_and_argument(operator, axis):
    dense = operator.to_dense().numpy()
    x = normal(dense.shape[axis], 2).astype(dense.dtype)
    return dense, x if dense.dtype.kind == "f" else x * (1 + 2j)


def adjoint(x):
    return np.swapaxes(x, -1, -2).conj()


@pytest.mark.parametrize("name", ALL)
def test_products(name):
    operator = ALL[name]()
    dense, x = dense_and_argument(operator, -1)
    assert operator.shape == dense.shape and operator.dtype == dense.dtype.name
    assert operator.is_square == (dense.shape[-1] == dense.shape[-2])
    close(operator.matmul(x), dense @ x)
    close(operator @ tf.constant(x), dense @ x)
    close(operator.matmul(adjoint(x), adjoint_arg=True), dense @ x)
    close(operator.matvec(x[:, 0]), dense @ x[:, 0])
    close(operator.add_to_tensor(dense), 2 * dense)
    y = dense_and_argument(operator, -2)[1]
    close(operator.matmul(y, adjoint=True), adjoint(dense) @ y)
    close(operator.H.matmul(y), adjoint(dense) @ y)
    close(operator.H.to_dense(), adjoint(dense))
    close(operator.diag_part(), np.diagonal(dense, axis1=-2, axis2=-1))
    close(operator.trace(), np.trace(dense, axis1=-2, axis2=-1))


@pytest.mark.parametrize("name", SQUARE)
def test_solves_and_determinants(name):
    operator = SQUARE[name]()
    dense, x = dense_and_argument(operator, -1)
    rhs = np.broadcast_to(x, (*dense.shape[:-2], *x.shape))
    close(operator.solve(x), np.linalg.solve(dense, rhs))
    close(operator.solve(x, adjoint=True), np.linalg.solve(adjoint(dense), rhs))
    close(operator.solvevec(x[:, 0]), np.linalg.solve(dense, rhs)[..., 0])
    close(operator.inverse().matmul(x), np.linalg.solve(dense, rhs))
    close(operator.inverse().inverse().to_dense(), dense)
    close(operator.solve(operator).to_dense(), np.broadcast_to(np.eye(dense.shape[-1]), dense.shape))
    close(operator.determinant(), np.linalg.det(dense))
    close(operator.log_abs_determinant(), np.linalg.slogdet(dense)[1])
    close(operator.cond(), np.linalg.cond(dense))
    values = np.sort_complex(np.asarray(operator.eigvals()).astype(complex))
    assert np.abs(np.prod(values, -1) - np.linalg.det(dense)).max() < 1e-3 * np.abs(np.linalg.det(dense)).max()
    operator.assert_non_singular()


def test_products_of_diagonals_are_diagonals():
    a, b = L.LinearOperatorDiag([1.0, 2.0]), L.LinearOperatorDiag([3.0, 4.0])
    assert isinstance(a @ b, L.LinearOperatorDiag) and isinstance(a.inverse(), L.LinearOperatorDiag)
    close((a @ b).diag_part(), [3.0, 8.0])


def test_cholesky():
    for operator in (
        full(SPD, is_self_adjoint=True, is_positive_definite=True),
        L.LinearOperatorDiag([4.0, 9.0], is_positive_definite=True),
        L.LinearOperatorIdentity(2),
    ):
        lower = operator.cholesky().to_dense().numpy()
        close(lower @ lower.T, operator.to_dense().numpy())
    with pytest.raises(ValueError, match="is_positive_definite=True"):
        full(SPD).cholesky()


def test_gradients_reach_the_parameters():
    diagonal, u = tf.Variable([2.0, 3.0]), tf.Variable([[1.0], [2.0]])
    operator = L.LinearOperatorLowRankUpdate(L.LinearOperatorDiag(diagonal), u)
    assert {id(v) for v in operator.trainable_variables} == {id(u)} | {id(v) for v in (diagonal,)}
    with tf.GradientTape() as tape:
        loss = operator.log_abs_determinant()
    inverse = np.linalg.inv(np.diag([2.0, 3.0]) + u.numpy() @ u.numpy().T)
    gradients = tape.gradient(loss, [diagonal, u])
    close(gradients[0], np.diag(inverse))
    close(gradients[1], 2 * inverse @ u.numpy())


def test_operators_convert_to_tensors():
    close(tf.matmul(L.LinearOperatorDiag([2.0, 3.0]), tf.ones([2, 1])), [[2.0], [3.0]])


def test_shapes():
    operator = full(normal(5, 2, 3))
    assert operator.batch_shape == [5] and operator.tensor_rank == 3
    assert (operator.range_dimension, operator.domain_dimension) == (2, 3)
    assert operator.shape_tensor().numpy().tolist() == [5, 2, 3]
    assert operator.batch_shape_tensor().numpy().tolist() == [5]
    sizes = operator.range_dimension_tensor(), operator.domain_dimension_tensor(), operator.tensor_rank_tensor()
    assert [int(n) for n in sizes] == [2, 3, 3]


def test_an_own_kind_needs_a_shape_and_a_product():
    class Flip(L.LinearOperator):
        def _shape(self):
            return tf.TensorShape([2, 2])

        def _matmul(self, x, adjoint=False, adjoint_arg=False):
            return x[..., ::-1, :]

    operator = Flip(tf.float32, name="flip", parameters={"n": 2})
    assert operator.name == "flip" and operator.parameters == {"n": 2}
    close(operator.to_dense(), [[0, 1], [1, 0]])
    close(operator.solvevec([1.0, 2.0]), [2, 1])
    with pytest.raises(NotImplementedError, match="_shape"):
        _ = L.LinearOperator(tf.float32).shape


def test_refusals():
    oblong = full(normal(2, 3))
    with pytest.raises(NotImplementedError, match="square"):
        oblong.determinant()
    with pytest.raises(NotImplementedError, match="square"):
        oblong.solve(normal(2, 1))
    with pytest.raises(NotImplementedError, match="singular"):
        full(np.ones((2, 2)), is_non_singular=False).solve(np.ones((2, 1)))
    with pytest.raises(ValueError, match=r"Dimensions are not compatible.*\(2, 3\).*3 rows.*\(2, 1\)"):
        oblong.matmul(normal(2, 1))
    with pytest.raises(ValueError, match="Dimensions are not compatible"):
        oblong @ full(normal(2, 3))
    with pytest.raises(TypeError, match="float or complex"):
        full([[1, 2], [3, 4]])
    with pytest.raises(ValueError, match="at least 2"):
        full([1.0])
    with pytest.raises(ValueError, match="always square"):
        full(np.ones((2, 2)), is_non_singular=True, is_square=False)
    with pytest.raises(ValueError, match="non-singular"):
        full(np.ones((2, 2)), is_positive_definite=True, is_non_singular=False)
    with pytest.raises(ValueError, match="always positive definite"):
        L.LinearOperatorIdentity(2, is_positive_definite=False)
    with pytest.raises(ValueError, match="always singular"):
        L.LinearOperatorZeros(2, is_non_singular=True)
    with pytest.raises(ValueError, match="not square"):
        oblong.inverse()
    with pytest.raises(TypeError, match="integer"):
        L.LinearOperatorPermutation([0.0, 1.0])
    with pytest.raises(ValueError, match="diagonals_format"):
        L.LinearOperatorTridiag(np.ones((3, 2)), "dense")
    with pytest.raises(ValueError, match="i \\+ 1 blocks"):
        L.LinearOperatorBlockLowerTriangular([[oblong, oblong]])
    with pytest.raises(TypeError, match="same dtype"):
        L.LinearOperatorBlockDiag([full(A), full(C)])


def test_assertions():
    with pytest.raises(tf.errors.InvalidArgumentError, match="Singular"):
        full(np.ones((2, 2))).assert_non_singular()
    with pytest.raises(tf.errors.InvalidArgumentError, match="positive definite"):
        full(-np.eye(2)).assert_positive_definite()
    with pytest.raises(tf.errors.InvalidArgumentError, match="adjoint"):
        full(A).assert_self_adjoint()
    full(SPD).assert_positive_definite()
    full(SPD).assert_self_adjoint()
