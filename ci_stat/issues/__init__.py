"""Issues for failures of the nightly job: evidence, plan, texts, apply, close."""
