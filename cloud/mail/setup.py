"""Which way out a deployment's mail takes, by its settings."""

from pathlib import Path

from cloud.errors import SetupError
from cloud.mail.outlets import MailFolder, MailServer, Outlet, ServerSettings
from cloud.secret_files import read_secret
from cloud.settings import Settings, bracketed


def folder_of(settings: Settings) -> MailFolder:
    """The mail folder. It is cleaned when a mail server is set, too: it may hold mail of before there was one."""
    return MailFolder(settings.mail_dir)


def destination_of(settings: Settings) -> str:
    """Where mail goes, in words for whoever starts the system."""
    if settings.smtp_host:
        return f"{bracketed(settings.smtp_host)}:{settings.smtp_port}, by {settings.smtp_security.upper()}"
    return f"files in {settings.mail_dir.absolute()}"


def outlet_of(settings: Settings) -> Outlet:
    """The mail server of the settings, else the mail folder. Raises SetupError for a password file that is none."""
    if not settings.smtp_host:
        return folder_of(settings)
    password = ""
    if settings.smtp_user:
        if not settings.smtp_password_file:
            msg = "smtp_user needs smtp_password_file: a password is never a setting itself"
            raise SetupError(msg)
        password = read_secret(Path(settings.smtp_password_file))
    server = ServerSettings(
        host=settings.smtp_host,
        port=settings.smtp_port,
        security=settings.smtp_security,
        user=settings.smtp_user,
        password=password,
        ca_file=settings.smtp_ca_file,
    )
    try:
        return MailServer(server)
    except OSError as error:
        msg = f"smtp_ca_file {settings.smtp_ca_file} cannot be read as certificates"
        raise SetupError(msg) from error
