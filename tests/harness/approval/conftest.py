"""What the tests of approvals share."""

from approval_lab import authority_here, desk

__all__ = ["authority_here", "desk"]
