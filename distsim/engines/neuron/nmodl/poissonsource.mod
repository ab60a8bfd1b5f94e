: A Poisson source with random numbers of its own, whose spikes are at the ends of steps. An event
: from outside makes it begin anew, with the rate, start and stop that then hold.
: CoreNEURON cannot give back what an artificial cell plans after an event, and takes no event
: within the present step: so this is a point process, and acts when the step of a spike begins.

NEURON {
    THREADSAFE
    POINT_PROCESS PoissonSource
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
    next (ms)
    n_begun
}

INITIAL {
    n_begun = 0
}

NET_RECEIVE (w) {
    LOCAL step
    step = floor(t / dt + 0.5) + 1
    if (flag == 0) {
        n_begun = n_begun + 1
        next = stop
        if (rate > 0) {
            next = t
            if (start > t) {
                next = start
            }
            next = next + random_negexp(numbers) / rate
        }
    }
    : what an earlier beginning has planned is void
    if (flag == 0 || flag == n_begun) {
        while (next < stop && ceil(next / dt) <= step) {
            : not at the step itself, to which the time that is summed up may come late
            net_event(dt * (step + 0.125))
            next = next + random_negexp(numbers) / rate
        }
        if (next < stop) {
            net_send(dt * (ceil(next / dt) - 0.875) - t, n_begun)
        }
    }
}
