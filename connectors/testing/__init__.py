"""The conformance kit: what every connector has to pass, run by subclassing."""
