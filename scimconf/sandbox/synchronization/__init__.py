"""The synchronization service: secrets, templates, jobs and schemas."""
