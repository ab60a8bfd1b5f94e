"""What a job would take, from its script and a short calibration: `distsim estimate`."""
