"""Conversion: one act that makes of a lead a customer, a contact and an opportunity (A3, S7)."""
