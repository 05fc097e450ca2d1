"""The wish to stop, raised out of a pass; apart from what reads a model, so that whoever waits for it needs no torch."""


class Cancelled(Exception):
    """The user asked to stop; what was done is kept and the same command goes on from there."""
