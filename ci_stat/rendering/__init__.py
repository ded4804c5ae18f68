"""One document or table as terminal, HTML, Markdown, Feishu, Slack and mail; how numbers read."""
