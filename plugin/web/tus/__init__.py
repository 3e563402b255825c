"""Resumable uploads, protocol tus 1.0: what the wire says, and where the bytes lie until a recording is made of them."""
