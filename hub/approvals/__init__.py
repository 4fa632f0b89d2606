"""Approvals: what somebody asks for, and somebody else may allow or refuse.

A concept declares its actions (`hub.approvals.actions`), asks by `hub.approvals.services.request`,
and is told of the decision in the very transaction that makes it.
"""
