: Threshold, reset and refractory period of a cell of one compartment, and jumps of its potential.
: While the cell is refractory a huge conductance holds it at vreset. The potential is never
: assigned, which CoreNEURON would not notice: a jump is the current that makes it within a step.

NEURON {
    THREADSAFE
    POINT_PROCESS SpikeReset
    RANGE vthresh, vreset, trefrac, cm, g, jump
    NONSPECIFIC_CURRENT i
}

UNITS {
    (mV) = (millivolt)
    (nA) = (nanoamp)
    (nF) = (nanofarad)
    (uS) = (microsiemens)
}

PARAMETER {
    vthresh = -50 (mV)
    vreset = -65 (mV)
    trefrac = 1 (ms) : above 0
    cm = 1 (nF) : of the cell, for its jumps
}

ASSIGNED {
    v (mV)
    dt (ms)
    i (nA)
    g (uS)
    jump (mV) : in the step that follows
    deaf_until (ms)
}

INITIAL {
    g = 0
    jump = 0
    deaf_until = -1e9
    net_send(0, 1)
}

BREAKPOINT {
    SOLVE forget
    i = g * (v - vreset) - jump * cm / dt
}

: after the step
PROCEDURE forget() {
    jump = 0
}

NET_RECEIVE (w (mV)) {
    if (flag == 1) {
        WATCH (v > vthresh) 2
    } else if (flag == 2) {
        g = 1e12
        jump = 0
        deaf_until = t + trefrac - dt / 2
        net_send(trefrac, 3)
        net_event(t)
    } else if (flag == 3) {
        g = 0
    } else if (t > deaf_until) {
        jump = jump + w
    }
}
