"""The ledger of completeness: what was asked, what came, what is missing. One SQLite file for each vendor and tenant."""

from seawall.collection.ledger.book import Ask, Book, Feed, open_book
from seawall.collection.ledger.proof import unproved
from seawall.collection.ledger.reading import collected, standings

__all__ = ["Ask", "Book", "Feed", "collected", "open_book", "standings", "unproved"]
