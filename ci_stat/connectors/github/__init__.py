"""Issues, comments and labels of one GitHub repository, read and written."""
