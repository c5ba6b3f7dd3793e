"""Read tables of other programs (Avro, Parquet, Excel) as texts of JSON lines or delimited rows."""
