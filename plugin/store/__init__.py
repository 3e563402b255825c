"""Tables, sessions, repositories, migrations."""
