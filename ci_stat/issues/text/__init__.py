"""The public texts of issues and comments, as Markdown for the tracker."""
