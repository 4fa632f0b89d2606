"""Absences: the days on which somebody is away, so that nothing is given to him by rotation."""
