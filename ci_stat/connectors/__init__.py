"""One package for each server that we talk to, and the HTTP client below them."""
