"""Imports: a file of customers is read, previewed as a plan, applied, and can be taken back.

`reading` says what a row means, `deciding` what is done with it, `applying` does it; nothing is
lost: a row that cannot come in is listed with the column and the rule, and the rest goes in.
"""
