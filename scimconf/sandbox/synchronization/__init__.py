"""What the synchronization service answers: templates, jobs, schemas and secrets of a service principal."""
