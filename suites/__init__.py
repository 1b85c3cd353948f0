"""The verification protocol: suites that judge a running device over the device protocol."""
