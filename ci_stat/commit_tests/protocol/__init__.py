"""What client and server say to each other: JSON frames with a version and sequence numbers."""
