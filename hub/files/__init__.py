"""Files that Hub keeps: uploads, results, reports, exports.

The bytes lie in the data directory under the SHA-256 of themselves, so that equal files are one and
a half-written one is never seen. Rows (`hub.files.services`) give them a name, a kind and an end.
"""

from hub.files.storage import Content, open_content, path_of, put, remove

__all__ = ["Content", "open_content", "path_of", "put", "remove"]
