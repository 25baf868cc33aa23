"""What is wanted: the spec as people write it, read with the place of every word, checked, and frozen.

`load.load` reads, `model.Spec` is what the other rooms see, `loaded` holds what can be asked of a spec as a file.
Nothing here knows the tenant, the differ or the mapping language.
"""
