"""The ledger of completeness: what was asked, what came, what is missing. One SQLite file for each vendor and tenant."""

from seawall.collect.ledger.book import Ask, Book, Feed, open_book
from seawall.collect.ledger.proof import unproved
from seawall.collect.ledger.reading import collected, standings

__all__ = ["Ask", "Book", "Feed", "collected", "open_book", "standings", "unproved"]
