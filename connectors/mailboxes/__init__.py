"""Mailboxes: folders that are read; what a message says is read in the hub (`hub.messages`)."""
