"""HTTP: authentication, REST, uploads, pages, entrances of Forge and Notion."""
