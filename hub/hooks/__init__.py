"""Hooks: what shops, forms and mails tell us; stored as it came, then imported.

Of a hook it is believed by its signature. A mail is believed as far as a letter is.
"""
