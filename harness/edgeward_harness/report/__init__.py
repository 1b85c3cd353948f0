"""Writers that render a bundle: HTML, JUnit XML, canonical JSON."""
