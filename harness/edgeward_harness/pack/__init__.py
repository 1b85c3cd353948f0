"""The submission pack: from signed bundles to documents that a reviewer opens."""
