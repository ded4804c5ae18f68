"""The commit that changed the failure rate of a test, or that none did: a search by belief.

A search takes a function that runs one commit, so that any backend serves. Runs that say nothing
about the commit (it does not build, the infrastructure failed) are data like the others.
"""
