"""The attributes and the default mappings of the provisioning templates, as text tables."""

from __future__ import annotations

ENTERPRISE_USER = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"
CORE_GROUP = "urn:ietf:params:scim:schemas:core:2.0:Group"

# ---- attributes: `name` or `name:Type`; `*` multi-valued, `!` the anchor, `+` required ------------------------------

SOURCE_USER = """
objectId! IsSoftDeleted:Boolean+ accountEnabled:Boolean+ alternativeSecurityIds* appRoleAssignments* assistant city
companyName costCenter country createdDateTime:DateTime department dirSyncEnabled:Boolean displayName division
employeeHireDate:DateTime employeeId employeeLeaveDateTime:DateTime employeeOrgData.costCenter employeeOrgData.division
employeeType extensionAttribute1 extensionAttribute2 extensionAttribute3 extensionAttribute4 extensionAttribute5
extensionAttribute6 extensionAttribute7 extensionAttribute8 extensionAttribute9 extensionAttribute10
extensionAttribute11 extensionAttribute12 extensionAttribute13 extensionAttribute14 extensionAttribute15
facsimileTelephoneNumber givenName immutableId jobTitle mail mailNickname manager:Reference>User
mobile netId onPremisesDistinguishedName onPremisesSamAccountName onPremisesSecurityIdentifier
onPremisesUserPrincipalName originalUserPrincipalName otherMails* passwordProfile.password physicalDeliveryOfficeName
postalCode preferredLanguage proxyAddresses* sipProxyAddress state streetAddress surname telephoneNumber usageLocation
userPrincipalName+ userType
"""
SOURCE_GROUP = """
objectId! IsSoftDeleted:Boolean+ description dirSyncEnabled:Boolean displayName+ mail mailEnabled:Boolean mailNickname
members*:Reference>User,Group onPremisesSamAccountName onPremisesSecurityIdentifier owners*:Reference>User proxyAddresses*
securityEnabled:Boolean
"""
TARGET_USER = f"""
id! userName+ active:Boolean displayName title preferredLanguage nickName userType locale timezone externalId
name.givenName name.familyName name.formatted name.honorificPrefix name.honorificSuffix
emails[type_eq_"work"].value emails[type_eq_"home"].value emails[type_eq_"other"].value
phoneNumbers[type_eq_"work"].value phoneNumbers[type_eq_"mobile"].value phoneNumbers[type_eq_"fax"].value
phoneNumbers[type_eq_"home"].value phoneNumbers[type_eq_"other"].value phoneNumbers[type_eq_"pager"].value
addresses[type_eq_"work"].formatted addresses[type_eq_"work"].streetAddress addresses[type_eq_"work"].locality
addresses[type_eq_"work"].region addresses[type_eq_"work"].postalCode addresses[type_eq_"work"].country
addresses[type_eq_"home"].formatted addresses[type_eq_"home"].streetAddress addresses[type_eq_"home"].locality
addresses[type_eq_"home"].region addresses[type_eq_"home"].postalCode addresses[type_eq_"home"].country
addresses[type_eq_"other"].formatted addresses[type_eq_"other"].streetAddress addresses[type_eq_"other"].locality
addresses[type_eq_"other"].region addresses[type_eq_"other"].postalCode addresses[type_eq_"other"].country
roles[primary_eq_"True"].display roles[primary_eq_"True"].type roles[primary_eq_"True"].value
{ENTERPRISE_USER}:employeeNumber {ENTERPRISE_USER}:costCenter {ENTERPRISE_USER}:organization
{ENTERPRISE_USER}:division {ENTERPRISE_USER}:department {ENTERPRISE_USER}:manager:Reference>@user
"""
TARGET_GROUP = "id! displayName+ externalId members*:Reference>@user,@group"

# ---- attribute mappings: `target = source`; a number before the target is its matching priority ---------------------

USER_MAPPINGS = f"""
1 userName = [userPrincipalName]
active = Switch([IsSoftDeleted], , "False", "True", "True", "False")
displayName = [displayName]
title = [jobTitle]
emails[type eq "work"].value = [mail]
preferredLanguage = [preferredLanguage]
name.givenName = [givenName]
name.familyName = [surname]
name.formatted = Join(" ", [givenName], [surname])
addresses[type eq "work"].formatted = [physicalDeliveryOfficeName]
addresses[type eq "work"].streetAddress = [streetAddress]
addresses[type eq "work"].locality = [city]
addresses[type eq "work"].region = [state]
addresses[type eq "work"].postalCode = [postalCode]
addresses[type eq "work"].country = [country]
phoneNumbers[type eq "work"].value = [telephoneNumber]
phoneNumbers[type eq "mobile"].value = [mobile]
phoneNumbers[type eq "fax"].value = [facsimileTelephoneNumber]
externalId = [mailNickname]
{ENTERPRISE_USER}:employeeNumber = [employeeId]
{ENTERPRISE_USER}:department = [department]
{ENTERPRISE_USER}:manager = [manager]
"""
SMALL_USER_MAPPINGS = """
1 userName = [userPrincipalName]
active = Not([IsSoftDeleted])
displayName = [displayName]
emails[type eq "work"].value = [mail]
name.givenName = [givenName]
name.familyName = [surname]
externalId = [mailNickname]
"""
GROUP_MAPPINGS = """
1 displayName = [displayName]
externalId = [objectId]
members = [members]
"""
SMALL_TARGET_USER = """
id! userName+ active:Boolean displayName title externalId name.givenName name.familyName
emails[type_eq_"work"].value roles[primary_eq_"True"].value
"""
