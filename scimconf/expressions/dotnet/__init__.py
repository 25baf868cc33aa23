"""Behaviour of .NET that differs from Python: UTF-16 lengths, letter case, date formats, Visual Basic's intervals.

The service is written in .NET, and its documentation refers to .NET's methods where it is precise. This package does
not depend on expressions: it takes and returns strings and numbers, or raises one of the exceptions in `errors`.
"""
