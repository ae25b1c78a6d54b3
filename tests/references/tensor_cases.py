"""Expressions over small tensors and variables, one a line; what TensorFlow makes of them stands in tensor.json."""

from typing import Any

import numpy as np

EXPRESSIONS = r"""
tf.constant(1)
tf.constant(1.5)
tf.constant(True)
tf.constant(2**31)
tf.constant(-2**31)
tf.constant(-2**31-1)
tf.constant(2**63)
tf.constant(2**64)
tf.constant(1+1j)
tf.constant('a')
tf.constant(bools'a')
tf.constant(['a',bools'b'])
tf.constant([])
tf.constant([[]])
tf.constant([[1,2],[3]])
tf.constant([1,2.0])
tf.constant([True,1])
tf.constant([True,1.0])
tf.constant([1,'a'])
tf.constant(None)
tf.constant([None])
tf.constant([1,2],dtype=tf.float32)
tf.constant([1.5],dtype=tf.int32)
tf.constant(1.5,dtype=tf.int32)
tf.constant(2.0,dtype=tf.int32)
tf.constant([1.0,2.0],dtype='int32')
tf.constant(1,dtype=tf.bool)
tf.constant(True,dtype=tf.int32)
tf.constant(True,dtype=tf.float32)
tf.constant(1,dtype=tf.complex64)
tf.constant(1.0,dtype=tf.complex64)
tf.constant(1j,dtype=tf.float32)
tf.constant('a',dtype=tf.int32)
tf.constant(1,dtype=tf.string)
tf.constant(np.float64(1.5))
tf.constant(np.float32(1.5))
tf.constant(np.int64(1))
tf.constant(np.array([1.5]))
tf.constant(np.array([1,2]))
tf.constant(np.array([1.5]),dtype=tf.int32)
tf.constant(np.array([1.5]),dtype=tf.float32)
tf.constant(np.array([1,2]),dtype=tf.float32)
tf.constant(np.array([300]),dtype=tf.uint8)
tf.constant(np.array([True]),dtype=tf.float32)
tf.constant(np.array(['a']))
tf.constant(np.array([None]))
tf.constant(np.float16(1))
tf.constant([np.float64(1.),np.float64(2.)])
tf.constant([np.int64(1),2])
tf.constant([np.float32(1.),2.])
tf.constant([np.array([1.,2.]),np.array([3.,4.])])
tf.constant((1,2))
tf.constant(range(3))
tf.constant(matrix)
tf.constant(3,shape=(2,))
tf.constant([1,2],shape=(2,2))
tf.constant([1,2,3,4],shape=(2,2))
tf.constant([1,2,3],shape=(2,2))
tf.constant(1.0,shape=[])
tf.constant(tf.Variable(1.0))
tf.constant(float('nan'))
tf.constant(1e400)
tf.constant([1,2**40])
tf.constant(np.uint64(2**63))
tf.constant({1:2})
tf.constant({1,2})
tf.convert_to_tensor(1.5)
tf.convert_to_tensor(1.5,tf.float64)
tf.convert_to_tensor(1.5,dtype_hint=tf.float64)
tf.convert_to_tensor(1,dtype_hint=tf.float64)
tf.convert_to_tensor(1.5,dtype_hint=tf.int32)
tf.convert_to_tensor(matrix,tf.float64)
tf.convert_to_tensor(matrix,dtype_hint=tf.float64)
tf.convert_to_tensor(tf.Variable(1.0))
tf.convert_to_tensor(tf.Variable(1.0),tf.int32)
tf.convert_to_tensor([tf.Variable(1.0),2.0])
tf.convert_to_tensor([two,1])
tf.convert_to_tensor([1,two])
tf.convert_to_tensor([two,tf.constant(1)])
tf.convert_to_tensor([[two,two],[1.0,2.0]])
tf.convert_to_tensor([two,None])
tf.convert_to_tensor(None)
tf.convert_to_tensor(np.arange(3))
tf.convert_to_tensor(tf.TensorShape([1,2]))
tf.convert_to_tensor(matrix.shape)
tf.convert_to_tensor(tf.TensorShape([1,None]))
tf.convert_to_tensor([tf.float32])
tf.convert_to_tensor([1,2],dtype='float16')
tf.convert_to_tensor([ints,ints])
tf.convert_to_tensor(lambda: 1)
tf.cast(matrix,tf.int32)
tf.cast(matrix,'float64')
tf.cast([1.7,-1.7],tf.int32)
tf.cast(True,tf.float32)
tf.cast(complexes,tf.float32)
tf.cast(1.0,tf.complex64)
tf.cast('a',tf.int32)
tf.cast(ints,tf.string)
tf.cast([256,-1],tf.uint8)
tf.cast(bools,tf.int8)
tf.cast([0.5,0.0],tf.bool)
tf.cast(tf.Variable(1.5),tf.int32)
tf.cast(matrix,tf.float32) is matrix
matrix+1
1+matrix
matrix+1.5
ints+1
ints+1.5
1.5+ints
ints*True
ints/2
2/ints
ints//2
ints%2
7//ints
7%ints
ints**2
2**ints
matrix**2
matrix**0.5
ints**-1
ints+1j
matrix+1j
complexes+1
complexes+1.5
matrix+'a'
matrix+None
matrix+[1.,2.,3.]
[1.,2.,3.]+matrix
matrix+[1,2,3]
matrix+[1,2]
matrix+np.ones(3)
matrix+np.ones(3,'f4')
np.ones(3)+matrix
np.ones(3,'f4')+matrix
np.float64(2)*matrix
matrix*np.float64(2)
np.float32(2)*matrix
matrix*np.float32(2)
matrix*np.int64(2)
np.int64(2)*matrix
ints*np.int64(2)
ints+np.array([1,2,3])
np.array([1,2,3])+ints
ints+np.array([1,2,3],'i4')
long+1
long+np.array([1,2])
matrix+ints
matrix+double
double+1
double+1.5
half+1.5
bfloat+1.5
bfloat*bfloat
bfloat+np.float32(1)
half+half
byte+10
byte-20
-ints
-bools
abs(tf.constant([-1,2]))
abs(complexes)
~bools
~ints
~matrix
bools&bools
bools|True
True|bools
bools^bools
ints&1
ints|8
matrix&matrix
bools+bools
bools*bools
bools-bools
ints<<1
matrix@matrix
matrix@tf.constant([[1.],[2.],[3.]])
matrix@np.ones((3,1),'f4')
np.ones((1,2),'f4')@matrix
matrix@[[1.],[2.],[3.]]
two@two
ints@ints
matrix<2
matrix<=2.0
2>matrix
matrix==matrix
matrix==1
matrix==None
matrix!=None
matrix=='a'
matrix==np.ones((2,3),'f4')
matrix==np.ones((2,3))
matrix==ints
matrix==[1.,2.]
matrix==tf.constant([1.,2.])
matrix!=tf.constant([1.,2.])
ints==1.5
ints==tf.constant([1.,2.,3.])
bools==True
text=='hi'
text!='ho'
tf.constant(['a','b'])==tf.constant(['a','c'])
matrix in [1]
two in [tf.constant(2.0)]
matrix<ints
matrix<'a'
matrix<[1.,2.]
bools<bools
complexes<complexes
divmod(ints,2)
two//0.0
two/0
three/0
three//0
three%0
ints//tf.constant([0,1,2])
tf.constant(-7)//2, tf.constant(-7)%2, tf.constant(-7.0)//2, tf.constant(-7.0)%2
tf.constant(-7)/2
pow(matrix,2)
matrix**ints
matrix**[1.,2.,3.]
2**matrix
bool(two), bool(tf.constant(0.0)), bool(tf.constant([1.])), bool(tf.constant([0]))
bool(matrix)
bool(empty)
bool(text)
bool(tf.constant([]))
int(matrix)
float(matrix)
float(text)
int(text)
complex(two)
complex(tf.constant(1+2j))
list(range(5))[three]
range(three)
[1,2,3][ints]
len(matrix), len(empty)
len(two)
list(ints)
list(two)
[a for a in matrix]
list(empty)
iter(two)
*matrix,
f"{two:.3f}"
f"{two}"
f"{matrix}"
f"{matrix:.3f}"
f"{three:d}"
f"{ints}"
f"{three:5d}|"
f"{tf.Variable(1.5)}"
"%s" % two
"%.2f" % two
"%d" % three
str(matrix)
str(two)
str(tf.Variable(1.5))
str(bfloat)
repr(bfloat)
repr(half)
repr(complexes)
repr(text)
repr(empty)
repr(tf.Variable([1,2],name='q'))
hash(matrix)
hash(tf.Variable(1))
{matrix:1}
matrix in {1:2}
matrix.ref() == matrix.ref(), hash(matrix.ref())==hash(matrix.ref()), matrix.ref().deref() is matrix
matrix.ref()
matrix.shape
matrix.shape.as_list()
matrix.shape[0]
matrix.shape[-1]
tuple(matrix.shape)
matrix.shape == (2,3)
matrix.shape == [2,3]
matrix.shape.rank, matrix.ndim, matrix.dtype
matrix.get_shape()
two.shape
len(matrix.shape)
matrix.name
matrix.op
matrix.graph
matrix.device
matrix.numpy()
two.numpy()
type(two.numpy())
bfloat.numpy()
text.numpy()
matrix.T
matrix.reshape(3)
matrix.mean()
matrix.sum()
matrix.astype('f8')
matrix.size
matrix.tolist()
matrix.copy()
matrix.set_shape([2,3])
matrix.set_shape([2,None])
matrix.set_shape([3,3])
matrix.set_shape([2])
matrix.is_variable
matrix.foo
matrix[0]
matrix[0,1]
matrix[-1]
matrix[2]
matrix[-3]
matrix[0,3]
matrix[0,0,0]
matrix[...]
matrix[...,0]
matrix[:,0]
matrix[:,1:]
matrix[::-1]
matrix[:,::-2]
matrix[None]
matrix[:,None]
matrix[:,tf.newaxis,1]
matrix[0:10]
matrix[5:]
matrix[three]
matrix[tf.constant(1)]
matrix[tf.constant(0):tf.constant(1)]
matrix[0.5]
matrix['a']
matrix[[0,1]]
matrix[[0]]
matrix[np.array([0,1])]
matrix[ints]
matrix[tf.constant([0,1])]
matrix[tf.constant([True,False])]
matrix[matrix>2]
matrix[matrix]
matrix[True]
matrix[np.int64(1)]
matrix[()]
matrix[...,...]
matrix[(0,1)]
matrix[np.array(1)]
matrix[1:0]
two[0]
two[...]
two[None]
empty[0]
matrix[:,tf.constant(1)]
matrix[::0]
text[0]
tf.Variable([1.,2.])[0]
tf.Variable([1.,2.])[0:1]
np.sum(matrix)
np.exp(matrix)
np.add(matrix,matrix)
np.ones((2,3))*matrix
np.array(matrix)
np.asarray(matrix,dtype='f8')
np.array([two,two])
np.stack([matrix,matrix]).shape
np.isnan(matrix)
np.allclose(matrix,matrix)
np.dot(matrix,np.ones(3))
np.shape(matrix)
np.size(matrix)
sum(ints)
max(ints)
sorted(ints)
sum([two,two])
max(two,tf.constant(3.0))
min([two,tf.constant(3.0)])
tf.Variable(1)
tf.Variable(1.0)
tf.Variable([1,2],dtype=tf.float32)
tf.Variable(1.5,dtype=tf.int32)
tf.Variable(np.ones(2))
tf.Variable(lambda: tf.constant(1.0))
tf.Variable()
tf.Variable(None)
tf.Variable([1.,2.],shape=[3])
tf.Variable([1.,2.],shape=tf.TensorShape([None])).shape
tf.Variable(True)
tf.Variable('a')
tf.Variable([1.,2.,3.]).sparse_read([0,2])
tf.Variable([1.,2.,3.]).gather_nd([[0],[2]])
tf.Variable(1.0).name, tf.Variable(1.0,name='w').name, tf.Variable(1.0).trainable, tf.Variable(1.0,trainable=False).trainable
tf.Variable(1.0).value()
tf.Variable(1.0).read_value()
tf.Variable(1.0).numpy(), type(tf.Variable(1.0).numpy())
tf.Variable(1.0).initial_value
tf.Variable(1.0).device
tf.Variable(1.0).op
tf.Variable(1.0).graph
tf.Variable(1.0).constraint
tf.Variable(1.0).get_shape()
tf.Variable(1.0)+1, tf.Variable(1.0)*tf.Variable(2.0), 1-tf.Variable(1.0)
tf.Variable([1.0])==tf.Variable([1.0])
tf.Variable(1.0)==1.0
tf.Variable([1.,2.]) @ tf.Variable([1.,2.])
-tf.Variable(1.0), abs(tf.Variable(-1.0)), tf.Variable(2.0)**2, tf.Variable(7.0)//2, tf.Variable(7.0)%2
tf.Variable(1.0) < 2
np.ones(2)*tf.Variable(1.0)
np.ones(2,'f4')*tf.Variable(1.0)
float(tf.Variable(2.5)), int(tf.Variable(2)), bool(tf.Variable(True))
list(tf.Variable([1.,2.]))
tf.Variable([1.,2.])[::-1]
tf.Variable(1.0) is tf.Variable(1.0)
tf.Variable(1.0,constraint=lambda matrix: matrix).constraint is not None
tf.Variable(1.0,trainable=None).trainable
tf.Variable(1,).trainable
tf.Variable([1.0]).foo
tf.IndexedSlices(tf.constant([1.]),tf.constant([0])).shape
tf.convert_to_tensor(tf.IndexedSlices(tf.constant([1.]),tf.constant([0])))
tf.float32, str(tf.float32), tf.float32.name, tf.float32.as_numpy_dtype, tf.float32.size, tf.float32.max, tf.float32.min
tf.float32=='float32', tf.float32==np.float32, tf.float32==float, tf.float32!=tf.float64, tf.float32==None, tf.float32=='foo'
tf.as_dtype('foo')
tf.as_dtype(None)
tf.string.size, tf.string.max
tf.complex64.real_dtype, tf.complex64.max
tf.float32.is_floating, tf.bfloat16.is_floating, tf.int32.is_integer, tf.uint8.is_unsigned, tf.bool.is_bool, tf.complex64.is_complex, tf.bool.is_integer, tf.string.is_numpy_compatible
tf.float32.is_compatible_with('float32'), tf.float32.is_compatible_with(tf.int32)
hash(tf.float32)==hash(tf.as_dtype('float32'))
tf.float32(1)
tf.zeros([2],'float64')
tf.zeros([2],np.int8)
tf.zeros([2],float)
tf.zeros(3.5)
tf.reduce_sum(matrix,axis=2)
tf.reduce_sum(matrix,axis=[0,0])
tf.identity(3)
tf.identity([two,two])
tf.identity(None)
isinstance(matrix,tf.Tensor), isinstance(tf.Variable(1),tf.Tensor), isinstance(tf.Variable(1),tf.Variable)
matrix.__array__()
matrix.cpu()
matrix.gpu()
matrix._id is not None
matrix.__dlpack_device__()
""".strip().splitlines()


def outcome(tf: Any, expression: str) -> Any:
    """The repr of the expression's value, or the exception it raises."""
    scope = {
        "tf": tf,
        "np": np,
        "matrix": tf.constant([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]),
        "ints": tf.constant([1, 2, 3]),
        "two": tf.constant(2.0),
        "three": tf.constant(3),
        "bools": tf.constant([True, False]),
        "half": tf.constant([1.0, 2.0], tf.float16),
        "bfloat": tf.constant([1.0, 2.0], tf.bfloat16),
        "double": tf.constant([1.0, 2.0], tf.float64),
        "complexes": tf.constant([1 + 2j]),
        "empty": tf.zeros([0, 3]),
        "long": tf.constant([1, 2], tf.int64),
        "byte": tf.constant([250, 10], tf.uint8),
        "text": tf.constant("hi"),
    }
    try:
        return repr(eval(expression, scope))
    except Exception as error:
        return error
