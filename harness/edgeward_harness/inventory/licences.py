"""What a distribution says its licence is; an SPDX expression only where its words are one.

Rules:
- `License-Expression` is one by definition; one that SPDX does not know stays words.
- `License` is often a name or a whole text. It counts as an expression only if it is one as it
  stands: "MIT" is, "BSD" and "Apache 2.0" are words, for nobody says which of several is meant.
- Without either, the classifiers are repeated as words.
"""

from email.message import Message

from packaging.licenses import InvalidLicenseExpression, canonicalize_license_expression

from edgeward_harness.inventory.model import Licence

WORDS_MAX = 120
"""Characters of a licence's first line that are repeated; some give the whole text."""
CLASSIFIER = "License :: "


def expression_of(text: str) -> str:
    """The SPDX expression that a text is, in its usual spelling; empty when it is none."""
    if not text or len(text) > WORDS_MAX * 4:
        return ""
    try:
        return str(canonicalize_license_expression(text))
    except InvalidLicenseExpression:
        return ""


def licence_of(metadata: Message) -> Licence:
    """The licence by the metadata of a distribution."""
    said = str(metadata.get("License-Expression") or metadata.get("License") or "").strip()
    expression = expression_of(said)
    if expression:
        return Licence(expression=expression)
    return Licence(words=first_line(said) or _classified(metadata))


def first_line(text: str) -> str:
    """The first line that says something, cut where it gets long."""
    line = next((line.strip() for line in text.splitlines() if line.strip()), "")
    return line if len(line) <= WORDS_MAX else f"{line[: WORDS_MAX - 3]}..."


def _classified(metadata: Message) -> str:
    found = [str(one) for one in metadata.get_all("Classifier") or []]
    return "; ".join(sorted(one for one in found if one.startswith(CLASSIFIER)))
