"""Output formats: pure functions from plans, reports, diagnostics and specs to text that is safe to print."""
