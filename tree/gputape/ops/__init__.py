"""The ops, a file per family: bodies in NumPy's language, gradient rules beside them, kernels where they pay."""
