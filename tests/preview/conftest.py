"""What these tests share stands in `previews`."""
