"""Keras layers and optimizers of our own; the only package that imports keras at its top.

Shape letters: B batch, T time, N n-gram orders, D features, U units, C classes.
"""
