"""Drawn hostile input against everything that reads what arrives: `make fuzz`, and a short run in `make test`.

A target is a function that draws one input and fails if a promise about it is broken. What is drawn is text and bytes
as they would arrive, not values: what no encoder would write is the point.
"""
