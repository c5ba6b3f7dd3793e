"""Read an export that the user at this machine drops onto a page, in a store of its own beside the one that is shown."""
