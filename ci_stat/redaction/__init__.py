"""What must not leave the house: secrets and private hosts are masked."""
