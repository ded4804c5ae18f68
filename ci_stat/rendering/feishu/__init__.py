"""A document as a Feishu card, post or text, and a card as a preview."""
