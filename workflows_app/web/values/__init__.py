"""JSON values and schemas, made readable."""
