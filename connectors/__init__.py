"""Connectors: one module per outside system, each behind a port of `hub.ports`.

`declarations()` says what there is, `load(name)` imports one; `connectors.opening.open_connector`
makes one from a connection. See `connectors.table` for what a connector's module must have.
"""

from connectors.table import BUILT_IN, declarations, load

__all__ = ["BUILT_IN", "declarations", "load"]
