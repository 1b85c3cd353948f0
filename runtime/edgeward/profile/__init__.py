"""Device profiles: what a model of device is and promises, loaded and validated."""
