"""Regular expressions of .NET, run by the `regex` library: translated, bounded in time, memory and depth.

pattern ─ translating (classes) ─▶ the same for `regex` ─ matching ─▶ spans ─ substituting ─▶ text
"""
