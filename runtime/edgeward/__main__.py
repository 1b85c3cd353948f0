"""`python -m edgeward`: the command line."""

import sys

from edgeward.device.cli import main

if __name__ == "__main__":
    sys.exit(main())
