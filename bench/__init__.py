"""Benchmarks: both sides measured in one run, interleaved, as ratios to a limit or a peer.

``make bench`` runs all of them, ``make bench NAME=tasks`` those of one module. Each prints lines

    name  figure unit  ratio  against  goal

where a figure is the median of the rounds, with the least and the greatest in brackets. Nothing of
it is asserted in a test: times belong to the machine, ratios to the code.
"""
