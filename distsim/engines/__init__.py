"""Who runs a network: distsim's own engine, or another simulator in its place.

Each has a folder, whose `ENTRY` tells what is known of it before it is loaded, and is registered
once, in `registry.py`. Populations, connectors, random streams, records and files are distsim's own
on every engine.
"""
