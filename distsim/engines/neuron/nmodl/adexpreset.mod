: Adaptive exponential integrate-and-fire: adaptation, the exponential's current, and what
: SpikeReset does, at v_spike. Parameters have PyNN's names and units.
: A step that is implicit in the exponential would throw the potential below threshold where the
: current rises faster than cm / dt. So it is what the exponential alone would do within the step,
: which has a solution, and takes the potential at most 10 mV above v_spike.

NEURON {
    THREADSAFE
    POINT_PROCESS AdExpReset
    RANGE v_rest, v_thresh, v_spike, v_reset, tau_refrac, tau_m, cm, a, b, delta_T, tau_w, g, rise
    NONSPECIFIC_CURRENT i
}

UNITS {
    (mV) = (millivolt)
    (nA) = (nanoamp)
    (nF) = (nanofarad)
    (uS) = (microsiemens)
    (nS) = (nanosiemens)
}

PARAMETER {
    v_rest = -70.6 (mV)
    v_thresh = -50.4 (mV)
    v_spike = -40 (mV)
    v_reset = -70.6 (mV)
    tau_refrac = 0.1 (ms) : above 0
    tau_m = 9.3667 (ms)
    cm = 0.281 (nF) : of the cell
    a = 4 (nS)
    b = 0.0805 (nA)
    delta_T = 2 (mV)
    tau_w = 144 (ms)
}

ASSIGNED {
    v (mV)
    dt (ms)
    i (nA)
    g (uS)
    rise (nA)
}

STATE {
    w (nA)
}

INITIAL {
    g = 0
    w = 0
    rise = 0
    net_send(0, 1)
}

BEFORE BREAKPOINT {
    rise = exponential(v)
}

BREAKPOINT {
    SOLVE states METHOD cnexp
    i = w - rise + g * (v - v_reset)
}

DERIVATIVE states {
    w' = (0.001 * a * (v - v_rest) - w) / tau_w
}

: the mean current in a step
FUNCTION exponential(v (mV)) (nA) {
    LOCAL most, x
    exponential = 0
    if (g == 0 && v < v_spike) {
        most = v_spike + 10 - v
        x = dt / tau_m * exp((v - v_thresh) / delta_T)
        if (x < 1 - exp(-most / delta_T)) {
            most = -delta_T * log(1 - x)
        }
        exponential = cm / dt * most
    }
}

NET_RECEIVE (weight) {
    if (flag == 1) {
        WATCH (v > v_spike) 2
    } else if (flag == 2) {
        g = 1e12
        w = w + b
        net_send(tau_refrac, 3)
        net_event(t)
    } else if (flag == 3) {
        g = 0
    }
}
