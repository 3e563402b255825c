"""The only place that imports heavy libraries (OpenCV, PyAV, faster-whisper, RapidOCR), each inside the function that needs it."""
