"""The directory: organization, users, groups, applications, app roles and assignments."""
