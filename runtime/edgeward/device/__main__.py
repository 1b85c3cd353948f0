"""`python -m edgeward.device`: the device on standard input and output."""

import sys

from edgeward.device.serve import main

__all__ = ["main"]

if __name__ == "__main__":
    sys.exit(main())
