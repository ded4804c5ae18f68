"""The command `ci-stat campaign` as processes of their own, which may be killed at any point."""
