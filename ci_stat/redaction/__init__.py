"""Mask what must not leave the machine: secrets and the names of private hosts."""
