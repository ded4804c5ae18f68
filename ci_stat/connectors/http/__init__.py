"""The one HTTP client, and what it is made of: addresses, deadlines, retries, masking."""
