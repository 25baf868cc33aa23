"""What .NET does and Python does otherwise: UTF-16 lengths, letters' case, date formats, Visual Basic's intervals.

The service is written in .NET, and its documentation names .NET's methods where it is precise. Nothing here knows of
expressions: text and numbers in, text and numbers out, or one of the two ways to stop in `outcomes`.
"""
