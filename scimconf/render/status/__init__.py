"""The status of provisioning in each output format. `words` has the lines that text, Markdown and HTML share."""
