"""From which address a request comes, past the proxies that are trusted and no others.

Each proxy adds to ``X-Forwarded-For`` whom it was called by. So the last entry is what our own
proxy saw, the one before it what the proxy in front of that says; anything further left anybody may
have written.
"""

from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network

from flask import Request

from hub.settings import get_settings

Address = IPv4Address | IPv6Address
_ONES_OWN = 64  # of an IPv6 address: whoever has one has all of its network


def client_address(request: Request) -> Address | None:
    """Return the caller's address; None where there is none, as on a unix socket."""
    proxies = get_settings().trusted_proxies
    if proxies:
        said = ",".join(request.headers.getlist("X-Forwarded-For")).split(",")
        if len(said) >= proxies:
            return _read(said[-proxies])
    return _read(request.environ.get("REMOTE_ADDR", ""))


def network_of(address: Address | None) -> str:
    """Return by what an address is counted: itself, or the network of an IPv6 address."""
    if isinstance(address, IPv6Address):
        return str(ip_network((address, _ONES_OWN), strict=False))
    return str(address) if address else "unknown"


def _read(text: str) -> Address | None:
    try:
        address = ip_address(text.strip().strip("[]"))
    except ValueError:
        return None
    mapped = address.ipv4_mapped if isinstance(address, IPv6Address) else None
    return mapped or address
