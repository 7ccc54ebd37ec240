"""The machine that trains: kernels and their compilation, flat memory, programs, and the loop that runs them."""
