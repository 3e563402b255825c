"""What came along with a recording and beats its pixels: a log of events, a terminal session. Captions are plugin.pipeline.captions."""
