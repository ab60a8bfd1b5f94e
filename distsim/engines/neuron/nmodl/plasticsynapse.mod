: A synapse whose weight changes by pairs of spikes, all with all. It is between a source and the
: synapse of its target: what it hands on is the weight that a spike of the source finds.
: Both sides are told of `dendritic` steps later than they are at the synapse, and counted in whole
: steps: `ahead` is how many an event comes too early. Spikes of both sides that meet at the synapse
: do not see each other in traces.

NEURON {
    ARTIFICIAL_CELL PlasticSynapse
    RANGE weight, rule, tau_source, tau_target, rise, fall, mu_rise, mu_fall, w_min, w_max
    RANGE dendritic, settled
    RANGE source_trace, source_before, source_last, target_trace, target_before, target_last
    POINTER transmitted
}

PARAMETER {
    rule = 0 : 0: pairs; 1: Vogels'
    tau_source = 200 : of both traces, in steps
    tau_target = 200
    rise = 0
    fall = 0
    mu_rise = 0 : exponents of the distance from a bound
    mu_fall = 0
    w_min = 0
    w_max = 1
    dendritic = 0 : part of the delay, in steps
}

ASSIGNED {
    dt (ms)
    weight
    settled : step up to which spikes at the synapse leave the weight, as it was set then
    source_trace : just after the source's last spike
    source_before : just before the step of that
    source_last : that step
    target_trace
    target_before
    target_last
    transmitted : weight of the connection that goes on
    sent_at (ms)
}

NET_RECEIVE (is_target, ahead) {
    LOCAL step, seen, own, is_past
    INITIAL { }
    step = floor(t / dt + 0.5) + ahead
    is_past = (step - dendritic <= settled)
    if (is_target == 0) {
        seen = left(step, target_last, target_before, target_trace, tau_target)
        own = fallen(weight, seen)
        if (!is_past) {
            weight = own
        }
        : several spikes in a step add up
        if (t > sent_at) {
            transmitted = own
            sent_at = t
            net_event(t)
        } else {
            transmitted = transmitted + own
        }
        own = source_trace * exp((source_last - step) / tau_source)
        if (step > source_last) {
            source_before = own
        }
        source_trace = own + 1
        source_last = step
    } else if (step > target_last) {
        seen = left(step, source_last, source_before, source_trace, tau_source)
        if (!is_past) {
            weight = risen(weight, seen)
        }
        target_before = target_trace * exp((target_last - step) / tau_target)
        target_trace = target_before + 1
        target_last = step
    }
}

: what one side sees of the other's trace
FUNCTION left(step, last, before, trace, tau) {
    if (step == last) {
        left = before
    } else {
        left = trace * exp((last - step) / tau)
    }
}

: the weight after a spike of the target
FUNCTION risen(w, trace) {
    LOCAL change
    change = rise * trace
    if (rule == 0) {
        if (mu_rise == 0) {
            change = change * w_max
        } else if (mu_rise == 1) {
            change = change * (w_max - w)
        } else {
            change = change * w_max * not_negative(1 - w / w_max) ^ mu_rise
        }
    }
    risen = bounded(w + change)
}

: the weight after a spike of the source
FUNCTION fallen(w, trace) {
    LOCAL change
    if (rule == 0) {
        change = fall * trace
        if (mu_fall == 0) {
            change = change * w_max
        } else if (mu_fall == 1) {
            change = change * (w - w_min)
        } else {
            change = change * w_max * not_negative((w - w_min) / w_max) ^ mu_fall
        }
        fallen = bounded(w - change)
    } else {
        fallen = bounded(w + rise * trace - fall)
    }
}

FUNCTION not_negative(x) {
    not_negative = x
    if (x < 0) {
        not_negative = 0
    }
}

FUNCTION bounded(w) {
    bounded = w
    if (w < w_min) {
        bounded = w_min
    }
    if (bounded > w_max) {
        bounded = w_max
    }
}
