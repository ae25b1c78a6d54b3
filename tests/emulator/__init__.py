"""A CPU that runs the kernels: see emulator.py."""
