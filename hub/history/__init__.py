"""The one history: every change of every record, with who, why, before and after."""
