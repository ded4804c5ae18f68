"""What the commands do. Loaded when a command is called: `--help` needs none of it."""
