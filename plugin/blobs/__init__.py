"""Where bytes lie: recordings, artefacts, pictures."""
