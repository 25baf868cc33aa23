"""Loads a spec: YAML with the location of every value, validated and frozen.

`load.load` reads files, `model.Spec` is the result for other packages, `loaded` has operations on a loaded spec.
Nothing here knows the tenant, the plan or the mapping language.
"""
