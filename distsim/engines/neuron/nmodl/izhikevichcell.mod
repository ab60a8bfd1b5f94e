: Izhikevich's cell with its reset, in steps of forward Euler, as NEST and Izhikevich (2003) make
: them. Parameters have PyNN's names and units. The potential is never assigned: its change and its
: reset are currents that make them within a step, with cm as the cell's capacitance.

NEURON {
    THREADSAFE
    POINT_PROCESS IzhikevichCell
    RANGE a, b, c, d, v_thresh, cm, u, jump, has_spiked, change, u_change
    NONSPECIFIC_CURRENT i
}

UNITS {
    (mV) = (millivolt)
    (nA) = (nanoamp)
    (nF) = (nanofarad)
}

PARAMETER {
    a = 0.02 (/ms)
    b = 0.2 (/ms)
    c = -65 (mV)
    d = 2 (mV/ms)
    v_thresh = 30 (mV)
    cm = 0.001 (nF)
}

ASSIGNED {
    v (mV)
    dt (ms)
    i (nA)
    u (mV/ms)
    jump (mV) : in the step that follows
    has_spiked
    change (mV)
    u_change (mV/ms)
}

INITIAL {
    u = 0
    jump = 0
    has_spiked = 0
    change = 0
    u_change = 0
    net_send(0, 1)
}

BEFORE BREAKPOINT {
    begin(v)
}

BREAKPOINT {
    SOLVE end
    i = -cm * change / dt
}

PROCEDURE begin(v (mV)) {
    LOCAL from
    from = v
    if (has_spiked > 0.5) {
        from = c
    }
    change = from - v + jump + dt * (0.04 * from * from + 5 * from + 140 - u)
    u_change = dt * a * (b * from - u)
}

: after the step
PROCEDURE end() {
    u = u + u_change
    jump = 0
    has_spiked = 0
}

NET_RECEIVE (w (mV)) {
    if (flag == 1) {
        WATCH (v > v_thresh) 2
    } else if (flag == 2) {
        has_spiked = 1
        u = u + d
        net_event(t)
    } else {
        jump = jump + w
    }
}
