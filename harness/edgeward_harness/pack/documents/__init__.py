"""One module for each document of the pack: a pure function of what the pack is made from."""
