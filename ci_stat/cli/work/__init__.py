"""The work of the commands. A module is imported when its command is called, not for --help."""
