"""A log whose lines say from which rank they are."""

import logging

__all__ = ["configure_log"]


def configure_log(rank: int, level: int | str = logging.INFO) -> None:
    """Write the log to stderr, with the rank in each line.

    Parameters
    ----------
    rank : int
        Rank of this process.
    level : int or str
        Lowest level that rank 0 writes; the others write warnings and errors only.

    Notes
    -----
    Called again, it replaces its handler.

    Examples
    --------
    >>> configure_log(0)
    >>> configure_log(0, "WARNING")
    >>> sum(handler.get_name() == "distsim" for handler in logging.getLogger("distsim").handlers)
    1
    """
    logger = logging.getLogger("distsim")
    for old in [handler for handler in logger.handlers if handler.get_name() == "distsim"]:
        logger.removeHandler(old)
    handler = logging.StreamHandler()
    handler.set_name("distsim")
    handler.setFormatter(logging.Formatter(f"[rank {rank}] %(levelname)s %(name)s: %(message)s"))
    logger.addHandler(handler)
    logger.setLevel(level)
    if rank > 0:
        logger.setLevel(max(logger.level, logging.WARNING))
