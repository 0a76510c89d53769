"""Who is there: signing in, and the forms in which people, roles and tokens are managed."""
