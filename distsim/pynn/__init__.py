"""The PyNN front end of the native engine; file names are those of all PyNN back ends."""
