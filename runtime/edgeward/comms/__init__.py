"""What leaves the device: sealed once, kept until a receiver has it, delivered in its order."""
