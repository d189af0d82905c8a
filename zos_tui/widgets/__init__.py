"""The widgets of the desktop: one widget, its messages and its style a file.

A widget is given frozen values and posts messages nested in its class; it never reaches for its parent or the app.
"""
