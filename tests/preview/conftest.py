"""The helpers of these tests are in `previews`."""
