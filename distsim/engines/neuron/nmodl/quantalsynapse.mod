: A synapse that releases by chance from n sites, each with probability u, which a spike raises.
: Between a source and the synapse of its target. Parameters have PyNN's names and units.

NEURON {
    ARTIFICIAL_CELL QuantalSynapse
    RANGE weight, U, n, tau_rec, tau_facil, u, a, source_last
    RANDOM numbers
    POINTER transmitted
}

PARAMETER {
    U = 0.5
    n = 1
    tau_rec = 800 (ms)
    tau_facil = 0 (ms)
}

ASSIGNED {
    dt (ms)
    weight
    u : after the source's last spike
    a : sites that are ready
    source_last : step of the last spike; -1 before the first
    transmitted : weight of the connection that goes on
    sent_at (ms)
}

NET_RECEIVE (is_target, ahead) {
    LOCAL step, elapsed, released
    INITIAL { }
    step = floor(t / dt + 0.5) + ahead
    elapsed = (step - source_last) * dt
    if (source_last < 0) {
        a = n
    } else {
        if (a > n) {
            a = n
        }
        a = a + successes(n - a, 1 - left(elapsed, tau_rec))
    }
    u = u * left(elapsed, tau_facil)
    u = u + U * (1 - u)
    released = successes(a, u)
    a = a - released
    source_last = step
    : several spikes in a step add up
    if (t > sent_at) {
        transmitted = weight * released / n
        sent_at = t
        net_event(t)
    } else {
        transmitted = transmitted + weight * released / n
    }
}

: of what decays exponentially
FUNCTION left(elapsed (ms), tau (ms)) {
    left = 0
    if (tau > 0) {
        left = exp(-elapsed / tau)
    }
}

: number of successes of some trials
FUNCTION successes(trials, p) {
    LOCAL k
    successes = 0
    k = 0
    while (k < trials) {
        if (random_uniform(numbers) < p) {
            successes = successes + 1
        }
        k = k + 1
    }
}
