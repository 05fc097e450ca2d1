"""Bytes to samples: recognise a format, parse it, keep every original record and name every bad one."""
