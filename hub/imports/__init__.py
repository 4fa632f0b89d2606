"""Imports: files of customers or leads are read, previewed as plans, applied, and taken back.

`reading` says what a row means, `deciding` what is done with it, `applying` does it; nothing is
lost: a row that cannot come in is listed with the column and the rule, and the rest goes in.
"""
