"""What to do about each failing case and each issue of ours. Pure: values in, decisions out."""
