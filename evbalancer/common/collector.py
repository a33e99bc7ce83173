"""Python's garbage collector, as processes that serve and balance want it."""

import gc


def calm_collector() -> None:
    """Thousands of short-lived objects a second are freed by counting; looking for cycles among them is wasted work.

    Objects loaded by now stay for ever: one look at all of them takes 150 ms, in the middle of a request or a rebalance.
    """
    gc.collect()
    gc.freeze()
    # In small portions: one look among 100,000 of them holds a request up for 100 ms.
    gc.set_threshold(10_000, 50, 100)
