"""Read and prepare the policy of accepted issuers, keys and claims."""
