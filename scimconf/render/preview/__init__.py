"""A preview as text, HTML and JSON, written user by user."""
