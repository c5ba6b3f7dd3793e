"""Read topics of a Kafka cluster, also of Azure Event Hubs, as a member of a consumer group."""
