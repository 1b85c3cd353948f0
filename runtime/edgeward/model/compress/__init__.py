"""Makes a model small, and measures what that did to it. Needs the extra `compress`."""
