"""Parsing sources in tests."""

import ast
import gc


def parsed(source: str) -> ast.Module:
    """Return the syntax tree of a module.

    CPython before 3.12 now and then miscounts its depth when the collector runs meanwhile
    (python/cpython#106905); it does so once and not twice.
    """
    try:
        return ast.parse(source)
    except SystemError:
        gc.collect()
        return ast.parse(source)
