"""What `edgeward check` looks at, before a device is trusted with patients."""
