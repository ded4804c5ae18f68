"""What issues and comments say at the tracker."""
