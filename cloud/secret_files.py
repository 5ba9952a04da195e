"""Files that hold a secret: read only when nobody else on the machine may. Making them is not done here."""

import stat
from pathlib import Path

from cloud.errors import SetupError


def read_secret(path: Path) -> str:
    """What the file holds, without the space around. Raises SetupError: not there, empty, or open to others.

    The message names the file and never what is in it.
    """
    try:
        mode = stat.S_IMODE(path.stat().st_mode)
        text = path.read_text("utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        why = error.strerror if isinstance(error, OSError) else "it is no text"
        msg = f"cannot read the secret in {path}: {why}"
        raise SetupError(msg, path=str(path)) from None
    if mode & 0o077:
        msg = f"others may read {path}; chmod it to 600, and think about who may have"
        raise SetupError(msg, path=str(path))
    if not text:
        msg = f"{path} is empty; a secret is wanted there"
        raise SetupError(msg, path=str(path))
    return text
