"""Key material that shows itself nowhere by accident.

What Python does not allow: `bytes` cannot be overwritten, and a cipher object holds a copy of its
key until it is collected. So `wipe` clears our own buffer; what a store read or wrote, and what
OpenSSL copied, is freed and not cleared.
"""

from typing import NoReturn

KEY_BYTES = 32
"""AES-256."""


class Secret:
    """Bytes that no text, no error and no copy ever holds."""

    __slots__ = ("_material",)

    def __init__(self, material: bytes) -> None:
        """Keep a copy that can be wiped."""
        self._material = bytearray(material)

    @property
    def material(self) -> bytearray:
        """The bytes themselves, for a cipher; nobody keeps them."""
        return self._material

    def wipe(self) -> None:
        """Overwrite the bytes; it is a key of zeros afterwards, and of no length."""
        self._material[:] = bytes(len(self._material))
        self._material.clear()

    def __repr__(self) -> str:
        return "Secret(...)"

    def __reduce__(self) -> NoReturn:
        raise TypeError("a secret is neither copied nor pickled")
