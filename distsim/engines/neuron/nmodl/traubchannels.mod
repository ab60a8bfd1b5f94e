: Leak, sodium and potassium channels of Traub and Miles (1991) in a cell of one compartment.
: Parameters have PyNN's names and units. A spike is seen at the peak, 30 mV or more above
: v_offset, and no other for 2 ms, as NEST does.

NEURON {
    THREADSAFE
    POINT_PROCESS TraubChannels
    RANGE gbar_Na, gbar_K, g_leak, e_rev_Na, e_rev_K, e_rev_leak, v_offset
    RANGE v_before, is_peak, deaf_until
    NONSPECIFIC_CURRENT i
}

UNITS {
    (mV) = (millivolt)
    (nA) = (nanoamp)
    (uS) = (microsiemens)
}

PARAMETER {
    gbar_Na = 20 (uS)
    gbar_K = 6 (uS)
    g_leak = 0.01 (uS)
    e_rev_Na = 50 (mV)
    e_rev_K = -90 (mV)
    e_rev_leak = -65 (mV)
    v_offset = -63 (mV)
}

ASSIGNED {
    v (mV)
    dt (ms)
    i (nA)
    v_before (mV)
    is_peak
    deaf_until (ms)
    m_inf
    h_inf
    n_inf
    m_tau (ms)
    h_tau (ms)
    n_tau (ms)
}

STATE {
    m
    h
    n
}

INITIAL {
    m = 0
    h = 0
    n = 0
    v_before = v
    is_peak = 0
    deaf_until = -1e9
    net_send(0, 1)
}

BEFORE BREAKPOINT {
    v_before = v
}

BREAKPOINT {
    SOLVE states METHOD cnexp
    i = gbar_Na * m * m * m * h * (v - e_rev_Na) + gbar_K * n * n * n * n * (v - e_rev_K)
        + g_leak * (v - e_rev_leak)
}

DERIVATIVE states {
    look(v)
    rates(v - v_offset)
    m' = (m_inf - m) / m_tau
    h' = (h_inf - h) / h_tau
    n' = (n_inf - n) / n_tau
}

PROCEDURE rates(x (mV)) {
    LOCAL opening, closing
UNITSOFF
    opening = 0.32 * 4 * ratio((13 - x) / 4)
    closing = 0.28 * 5 * ratio((x - 40) / 5)
    m_tau = 1 / (opening + closing)
    m_inf = opening * m_tau
    opening = 0.128 * exp((17 - x) / 18)
    closing = 4 / (1 + exp((40 - x) / 5))
    h_tau = 1 / (opening + closing)
    h_inf = opening * h_tau
    opening = 0.032 * 5 * ratio((15 - x) / 5)
    closing = 0.5 * exp((10 - x) / 40)
    n_tau = 1 / (opening + closing)
    n_inf = opening * n_tau
UNITSON
}

: x / (exp(x) - 1)
FUNCTION ratio(x) {
    if (fabs(x) < 1e-4) {
        ratio = 1 - x / 2 + x * x / 12
    } else {
        ratio = x / (exp(x) - 1)
    }
}

: after the step
PROCEDURE look(v (mV)) {
    is_peak = 0
    if (t > deaf_until && v >= v_offset + 30 && v < v_before) {
        is_peak = 1
        deaf_until = t + 2 + dt / 2
    }
}

NET_RECEIVE (weight) {
    if (flag == 1) {
        WATCH (is_peak > 0.5) 2
    } else if (flag == 2) {
        net_event(t)
    }
}
