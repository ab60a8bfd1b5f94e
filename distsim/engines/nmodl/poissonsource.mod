: A Poisson source with random numbers of its own, whose spikes are at the ends of steps. An event
: from outside makes it begin anew, with the rate, start and stop that then hold.

NEURON {
    THREADSAFE
    ARTIFICIAL_CELL PoissonSource
    RANGE rate, start, stop
    RANDOM numbers
}

PARAMETER {
    rate = 0 (/ms)
    start = 0 (ms)
    stop = 0 (ms)
}

ASSIGNED {
    dt (ms)
    n_begun
}

INITIAL {
    n_begun = 0
}

NET_RECEIVE (w) {
    LOCAL next
    if (flag == 0) {
        n_begun = n_begun + 1
    }
    : spikes that an earlier beginning has planned are void
    if (flag == 0 || flag == n_begun) {
        next = t
        if (flag == 0 && start > t) {
            next = start
        }
        if (flag > 0) {
            net_event(dt * ceil(t / dt))
        }
        if (rate > 0) {
            next = next + random_negexp(numbers) / rate
            if (next < stop) {
                net_send(next - t, n_begun)
            }
        }
    }
}
