"""The texts of comments and summaries."""
