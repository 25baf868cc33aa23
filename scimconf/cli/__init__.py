"""The command line: parse options, call one workflow, print the result. Results go to stdout, the rest to stderr."""
