"""Read the build logs of runs from folders, HTTP servers and archives, many at a time."""
