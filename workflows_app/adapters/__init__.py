"""The engine's ports on Django's databases. Only this package knows one database from another."""
