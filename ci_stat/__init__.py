"""ci_stat: what fails in your CI, since when, whom it affects, and why.

Importing this package reads no file, opens no connection and touches no stream.
"""

__version__ = "0.1.0"
