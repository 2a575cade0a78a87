"""What the interoperability tests share. Start reading at `play.py`."""
