"""A made-up forge for a campaign: repositories, pull requests, and a bot that runs jobs."""

from ci_stat.demo.forge.forge import REPO, DemoForge
from ci_stat.demo.forge.jobs import JOBS, DemoJob

__all__ = ["JOBS", "REPO", "DemoForge", "DemoJob"]
