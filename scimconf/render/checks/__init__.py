"""The report of `check-endpoint` and `rehearse` as text, JSON, Markdown, HTML and JUnit XML, one function each."""
