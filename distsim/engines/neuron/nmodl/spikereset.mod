: Threshold, reset and refractory period of a cell of one compartment, and jumps of its potential.
: While the cell is refractory a huge conductance holds it at v_reset. The potential is never
: assigned, which CoreNEURON would not notice: a jump is the current that makes it within a step.

NEURON {
    THREADSAFE
    POINT_PROCESS SpikeReset
    RANGE v_thresh, v_reset, tau_refrac, cm, g, jump
    NONSPECIFIC_CURRENT i
}

UNITS {
    (mV) = (millivolt)
    (nA) = (nanoamp)
    (nF) = (nanofarad)
    (uS) = (microsiemens)
}

PARAMETER {
    v_thresh = -50 (mV)
    v_reset = -65 (mV)
    tau_refrac = 1 (ms) : above 0
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
    i = g * (v - v_reset) - jump * cm / dt
}

: after the step
PROCEDURE forget() {
    jump = 0
}

NET_RECEIVE (w (mV)) {
    if (flag == 1) {
        WATCH (v > v_thresh) 2
    } else if (flag == 2) {
        g = 1e12
        jump = 0
        deaf_until = t + tau_refrac - dt / 2
        net_send(tau_refrac, 3)
        net_event(t)
    } else if (flag == 3) {
        g = 0
    } else if (t > deaf_until) {
        jump = jump + w
    }
}
