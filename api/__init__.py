"""The HTTP API: a thin layer over the services of the hub.

A route declares itself by `api.operations.operation`; `api.dispatch` does the rest for all of them.
"""
