"""What a run of tests says at a pull request: comment, status, check run, badge, summary."""
