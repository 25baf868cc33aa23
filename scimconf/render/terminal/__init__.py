"""The parts of the text format: characters and lines at the bottom, sections of a plan or a report on top."""
