"""Issues for failures of the nightly job: evidence, plans, texts, applying them, closing."""
