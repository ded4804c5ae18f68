"""ci_stat: what is failing in your CI, since when, and whom it hits.

Importing this package reads no file, opens no connection and touches no stream.
"""

__version__ = "0.1.0"
