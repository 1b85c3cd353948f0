"""The harness's subcommands of the edgeward command."""
