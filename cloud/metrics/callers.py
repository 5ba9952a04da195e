"""Whether a request for figures was meant for this machine, by the name that it calls it.

A page in a browser of this machine can point a name of its own at 127.0.0.1, and then reads what comes from there (DNS
rebinding). It cannot choose the `Host` header: that holds the page's own name.
"""

from ipaddress import ip_address


def names_here(host: str, *known: str) -> bool:
    """Whether a `Host` header's value, with or without a port, is a loopback name or address, or one of the `known`
    names (without a port).
    """
    name = _name_of(host)
    if name in {"localhost", *(one.lower() for one in known if one)}:
        return True
    try:
        return ip_address(name).is_loopback
    except ValueError:
        return False


def _name_of(host: str) -> str:
    """Without the port, and the brackets of an IPv6 address."""
    if host.startswith("["):
        return host[1:].partition("]")[0].lower()
    return host.partition(":")[0].lower()
