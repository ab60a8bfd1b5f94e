: Two conductances that a spike opens, of spike-frequency adaptation and of relative refractoriness,
: and what SpikeReset does. Parameters have PyNN's names and units.

NEURON {
    THREADSAFE
    POINT_PROCESS SfaReset
    RANGE v_thresh, v_reset, tau_refrac, g
    RANGE tau_sfa, e_rev_sfa, q_sfa, tau_rr, e_rev_rr, q_rr
    NONSPECIFIC_CURRENT i
}

UNITS {
    (mV) = (millivolt)
    (nA) = (nanoamp)
    (uS) = (microsiemens)
    (nS) = (nanosiemens)
}

PARAMETER {
    v_thresh = -57 (mV)
    v_reset = -70 (mV)
    tau_refrac = 0.1 (ms) : above 0
    tau_sfa = 110 (ms)
    e_rev_sfa = -70 (mV)
    q_sfa = 14.48 (nS)
    tau_rr = 1.97 (ms)
    e_rev_rr = -70 (mV)
    q_rr = 3214 (nS)
}

ASSIGNED {
    v (mV)
    i (nA)
    g (uS)
}

STATE {
    g_s (nS)
    g_r (nS)
}

INITIAL {
    g = 0
    g_s = 0
    g_r = 0
    net_send(0, 1)
}

BREAKPOINT {
    SOLVE states METHOD cnexp
    i = g * (v - v_reset) + 0.001 * (g_s * (v - e_rev_sfa) + g_r * (v - e_rev_rr))
}

DERIVATIVE states {
    g_s' = -g_s / tau_sfa
    g_r' = -g_r / tau_rr
}

NET_RECEIVE (weight) {
    if (flag == 1) {
        WATCH (v > v_thresh) 2
    } else if (flag == 2) {
        g = 1e12
        g_s = g_s + q_sfa
        g_r = g_r + q_rr
        net_send(tau_refrac, 3)
        net_event(t)
    } else if (flag == 3) {
        g = 0
    }
}
