"""The reviewer's self-audit: mechanical rules over a pack, each computed again from raw data."""
