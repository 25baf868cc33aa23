"""Regular expressions of .NET, translated for the `regex` library, with limits on time, memory and depth.

.NET pattern ─ translating (classes) ─▶ pattern of `regex` ─ matching ─▶ matches ─▶ string
"""
