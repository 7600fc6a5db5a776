"""Asking for what is missing, a flow a module; nothing here is loaded when nothing is missing."""
