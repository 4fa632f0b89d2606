"""Filling customers from company registries: by number only, never over what somebody typed."""
