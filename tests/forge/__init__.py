"""A look-alike of what Atlassian runs around a Forge app: signed invocations, the key set, the gateway, and a page that hosts the dialog."""
