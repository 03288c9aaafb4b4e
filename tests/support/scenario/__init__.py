"""A scripted life of a domain and its tenant, and the truth about it that keysyncd's metrics are held against.

plan.py makes the script from a seed, estate.py carries it out against real servers, truth.py knows what every counter,
gauge and bucket must be, comparison.py tells where the daemon differs.
"""
