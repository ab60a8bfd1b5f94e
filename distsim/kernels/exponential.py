"""The exponential function in plain arithmetic, so that loops which call it are vectorised.

The one of the C library is a call for each number, and what it rounds to depends on the library and
the processor. This one is the same wherever it runs, and wherever in an array a number lies.
"""

import math

from llvmlite import ir
from numba import njit, types
from numba.extending import intrinsic

from distsim.kernels.options import KERNEL

__all__ = ["EXP_MAX", "EXP_MIN", "LARGEST_EXPONENT", "exp"]

# where the function is neither infinite nor 0
EXP_MIN, EXP_MAX = -708.0, 709.0
# where it is so even times some more: at which models hold what would run off
LARGEST_EXPONENT = 700.0

LOG2_E = 1.0 / math.log(2.0)
# added to a number below 2**51, leaves of it the nearest whole number, in the lowest bits
TO_WHOLE = 1.5 * 2.0**52
# log(2) in two parts; the first, times a whole number below 2**11, is exact
LOG_2_HIGH = float.fromhex("0x1.62e42fee00000p-1")
LOG_2_LOW = float.fromhex("0x1.a39ef35793c76p-33")
EXPONENT_BIAS, MANTISSA_BITS = 1023, 52
# Taylor's coefficients from r**2 on; what is left out is below 1e-17 where abs(r) <= log(2) / 2
C_2, C_3, C_4, C_5, C_6, C_7, C_8, C_9, C_10, C_11, C_12, C_13 = (
    1.0 / math.factorial(k) for k in range(2, 14)
)


@intrinsic
def _bits(typing_context, number):
    """Return the 64 bits of a number as an integer."""
    return types.int64(
        types.float64
    ), lambda context, builder, signature, arguments: builder.bitcast(arguments[0], ir.IntType(64))


@intrinsic
def _number(typing_context, bits):
    """Return the number that has these 64 bits."""
    return types.float64(
        types.int64
    ), lambda context, builder, signature, arguments: builder.bitcast(arguments[0], ir.DoubleType())


@njit(**KERNEL, error_model="numpy", forceinline=True)
def exp(x):
    """Return the exponential of a number, right to a unit in the last place.

    With ``x = k log(2) + r`` it is ``2**k exp(r)``, the latter by its power series.

    Parameters
    ----------
    x : float
        0 results below `EXP_MIN`, infinity above `EXP_MAX`.

    Returns
    -------
    float

    Examples
    --------
    >>> exp(0.0), exp(-1000.0), exp(1000.0), exp(math.nan)
    (1.0, 0.0, inf, nan)
    """
    shifted = x * LOG2_E + TO_WHOLE
    k = shifted - TO_WHOLE
    r = (x - k * LOG_2_HIGH) - k * LOG_2_LOW
    # pairs of terms, then pairs of these: few operations wait for others
    r_2 = r * r
    r_4 = r_2 * r_2
    low = (C_2 + C_3 * r) + r_2 * (C_4 + C_5 * r)
    middle = (C_6 + C_7 * r) + r_2 * (C_8 + C_9 * r)
    high = (C_10 + C_11 * r) + r_2 * (C_12 + C_13 * r)
    y = low + r_4 * (middle + r_4 * high)
    y = 1.0 + (r + r_2 * y)
    # the bits above those of the exponent are shifted out
    exponent = _bits(shifted) + EXPONENT_BIAS  # type: ignore[call-arg]
    y *= _number(exponent << MANTISSA_BITS)
    y = 0.0 if x < EXP_MIN else y
    return math.inf if x > EXP_MAX else y
