"""Kernels are plain Python over flat arrays; numba, where it is installed, compiles them (extra `fast`)."""

from collections.abc import Callable
from typing import Any, TypeVar

import numpy as np

R = TypeVar("R")

try:
    from numba import njit
    from numba.core.options import DefaultOptions
except ImportError:
    HAVE_COMPILER = False
else:
    HAVE_COMPILER = True
    # Kernels keep no array and make none: counting references to the arrays of a tuple would take half of their time.
    LEAN = {"_nrt": False} if hasattr(DefaultOptions, "_nrt") else {}


def compiled(function: Callable[..., R]) -> Callable[..., R]:
    """The function, compiled on its first call and cached on disk where numba is installed."""
    if HAVE_COMPILER:
        machine: Callable[..., R] = njit(cache=True, error_model="numpy", **LEAN)(function)
        return machine
    return function


def inlined(function: Callable[..., R]) -> Callable[..., R]:
    """The same for a step of another kernel: it becomes a part of that, since handing over many arrays takes its time."""
    if HAVE_COMPILER:
        machine: Callable[..., R] = njit(cache=True, error_model="numpy", inline="always", **LEAN)(function)
        return machine
    return function


def kernel_array(values: Any) -> Any:
    """A copy in the form kernels index fastest: an array when compiled, else a list (plain Python reads it 3 x faster)."""
    return np.array(values, order="C") if HAVE_COMPILER else np.asarray(values).tolist()
