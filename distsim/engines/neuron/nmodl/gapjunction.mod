: One side of a gap junction: the current from another cell, whose potential is told in each step.

NEURON {
    THREADSAFE
    POINT_PROCESS GapJunction
    RANGE g, v_other
    NONSPECIFIC_CURRENT i
}

UNITS {
    (mV) = (millivolt)
    (nA) = (nanoamp)
    (uS) = (microsiemens)
}

PARAMETER {
    g = 0 (uS)
}

ASSIGNED {
    v (mV)
    v_other (mV)
    i (nA)
}

BREAKPOINT {
    i = g * (v - v_other)
}
