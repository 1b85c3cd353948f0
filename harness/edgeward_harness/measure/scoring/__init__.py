"""What a monitor made of a recording, held against what is known about it."""
