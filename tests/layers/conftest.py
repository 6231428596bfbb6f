import os

os.environ.setdefault("JAX_ENABLE_X64", "1")  # finite differences need 64 bits on JAX as well
