"""The judges of a simulated life: independent code that compares what happened with what the product stored and allowed.

They read the world's truth and the tables, and use nothing of the product's own rules.
"""
