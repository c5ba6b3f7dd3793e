"""Topics of a Kafka cluster (Azure Event Hubs among them), read as a member of a consumer group."""
