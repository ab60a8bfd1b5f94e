: A synapse with facilitation and depression, as Tsodyks, Uziel and Markram (2000) have it, between
: a source and the synapse of its target. Parameters have PyNN's names and units.

NEURON {
    ARTIFICIAL_CELL DepressingSynapse
    RANGE weight, U, tau_rec, tau_facil, tau_psc, u, x, y, released, source_last
    POINTER transmitted
}

PARAMETER {
    U = 0.5
    tau_rec = 100 (ms)
    tau_facil = 0 (ms)
    tau_psc = 0 (ms)
}

ASSIGNED {
    dt (ms)
    weight
    u : after the source's last spike, as the others
    x
    y
    released
    source_last : step of that
    transmitted : weight of the connection that goes on
    sent_at (ms)
}

NET_RECEIVE (is_target, ahead) {
    LOCAL step, elapsed, recovered, active
    INITIAL { }
    step = floor(t / dt + 0.5) + ahead
    elapsed = (step - source_last) * dt
    recovered = left(elapsed, tau_rec)
    active = left(elapsed, tau_psc)
    x = x + (1 - recovered) * (1 - x - y) + through_inactive(elapsed, recovered, active) * y
    y = y * active
    u = u * left(elapsed, tau_facil)
    u = u + U * (1 - u)
    released = u * x
    x = x - released
    y = y + released
    source_last = step
    : several spikes in a step add up
    if (t > sent_at) {
        transmitted = weight * released
        sent_at = t
        net_event(t)
    } else {
        transmitted = transmitted + weight * released
    }
}

: of what decays exponentially
FUNCTION left(elapsed (ms), tau (ms)) {
    left = 0
    if (tau > 0) {
        left = exp(-elapsed / tau)
    }
}

: part of the active resources that is recovered after some time
FUNCTION through_inactive(elapsed (ms), recovered, active) {
    if (fabs(tau_psc - tau_rec) > 1e-7 * tau_rec) {
        through_inactive = ((recovered - 1) * tau_rec - (active - 1) * tau_psc) / (tau_psc - tau_rec)
    } else {
        through_inactive = 1 - recovered * (1 + elapsed / tau_rec)
    }
}
