"""Keep coded batches on disk between reading and scoring, by day."""
