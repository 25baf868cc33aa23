"""Which other checks a faulty target fails, beside the one with its own id, and why."""

ALSO_FAILED = {
    "B02": ["B44"],  # both remove a member by its value
    "B03": ["B44"],
    "B04": [
        "B03",
        "B05",
        "B06",
        "B08",
        "B12",
        "B07",
        "B09",
        "B11",
        "B39",
        "B44",
        "B51",
        "B52",
    ],  # capital letters
    "B05": ["B06"],  # the string "False"
    "B09": ["B08"],  # a phone number
    "B11": ["B12"],  # the path of the manager begins with a URN
    "B15": ["B14"],  # the filter by externalId
    "B21": [  # everything that sends a PATCH
        *["B01", "B05", "B06", "B08", "B10", "B12", "B04", "B07", "B09", "B11", "B26", "B39", "B52"],
    ],
    "B23": [  # every PATCH of a user
        *["B05", "B06", "B08", "B10", "B12", "B04", "B09", "B11", "B21", "B39", "B52"]
    ],
    "B24": [  # everything that reads what a PATCH stored
        *["B02", "B05", "B06", "B08", "B10", "B12", "B04", "B07", "B09", "B11", "B26", "B27", "B28", "B39", "B42"],
        "B52",
    ],
    "B25": ["B05", "B06", "B19", "B41", "B51"],  # the user cannot be read after it was disabled
    "B26": ["B01"],  # the first group with members; the other checks with one are skipped
    "B28": ["B03", "B27"],  # the group has the members of the others
    "B34": ["B45"],  # the later creations succeed
    "B37": ["B17", "B42"],  # both filter groups
    "B46": ["B45"],  # creations at the same time
    "B48": ["B34", "B45"],  # a second user with the same address is the first one
    "B52": ["B06", "B08", "B10", "B12", "B04", "B09", "B11", "B39"],  # every PATCH of another attribute
}
"""Without MANY_REQUESTS, which are run against their own targets only."""
MANY_REQUESTS = ("B30", "B31", "B43")
"""Checks with more than 30 requests."""
LEFT_BEHIND = ("B46",)
"""Targets that hide a user: nobody can delete it over SCIM."""
NOT_SERVED = {"B50": "a rule about the mapping (`scimconf validate`), which no server shows"}
"""The faults without a target."""
