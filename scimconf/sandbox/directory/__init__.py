"""What Microsoft Entra ID itself answers: people, applications, app roles and who is assigned to them."""
