: A source of spikes: each event that it receives goes on at once to all its connections.

NEURON {
    ARTIFICIAL_CELL SpikeRelay
}

NET_RECEIVE (w) {
    net_event(t)
}
