"""The HTTP client: addresses, deadlines, retries, masking."""
