"""Start, watch, cancel and resume a command of this program; knows no command by itself."""
