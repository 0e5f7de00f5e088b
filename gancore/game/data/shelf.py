"""The `data` catalog itself, apart from its members so that each of them can import it."""

from gancore.catalog import Catalog

data = Catalog("data")
