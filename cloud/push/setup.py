"""How a deployment sends push messages, by its settings."""

from email.utils import parseaddr

from cloud.errors import SetupError
from cloud.push import sealing
from cloud.push.outlet import PushServices
from cloud.secrets import Keys
from cloud.settings import Settings


def public_key_of(keys: Keys) -> str:
    """By which browsers know whose messages these are: base64url."""
    return sealing.b64(sealing.public_point(sealing.private_key(keys.push_secret)))


def contact_of(settings: Settings) -> str:
    """Whom a push service may write to, as RFC 8292 wants it."""
    if settings.security_contact.startswith(("mailto:", "https:")):
        return settings.security_contact
    return f"mailto:{parseaddr(settings.mail_sender)[1]}"


def push_services_of(settings: Settings, keys: Keys) -> PushServices:
    """Raises SetupError for a file of authorities that is none."""
    try:
        key = sealing.private_key(keys.push_secret)
        return PushServices(settings.push_services, key, contact_of(settings), settings.push_ca_file)
    except OSError as error:
        msg = f"push_ca_file {settings.push_ca_file} cannot be read as certificates"
        raise SetupError(msg) from error
