"""Catalogues: the lists of words that an installation keeps itself, retired instead of deleted."""

from hub.catalogues.declaring import CATALOGUES, Catalogue, Use, declare_use
from hub.catalogues.models import CatalogueEntry

__all__ = ["CATALOGUES", "Catalogue", "CatalogueEntry", "Use", "declare_use"]
