"""The running watch: what arrives is kept, scored, ruled on and told, exactly once, for as long as it is left running."""
