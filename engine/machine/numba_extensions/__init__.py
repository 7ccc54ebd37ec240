"""What Numba lacks: pointers from addresses, BLAS with strides, mathematics that vectorizes."""
