"""What an installation asks of new records: fields that are required, values that must be new."""
