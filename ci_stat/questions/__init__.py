"""Questions about one pull request, one case, one job, one run. Gathers, and leaves the rest."""
