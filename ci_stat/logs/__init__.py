"""Build logs of runs, wherever they are: folders, HTTP, archives; many at once."""
