"""Asking: commands parse, call the workflow once, and print once. stdout is the product, stderr is the talk."""
