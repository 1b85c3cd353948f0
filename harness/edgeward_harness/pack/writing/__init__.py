"""How documents are written: each writer takes documents and gives bytes, the same for the same."""
