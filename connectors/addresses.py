"""Which addresses Hub may call: the guard against requests forged through a setting or a reply.

A policy decides on the address itself, never on its spelling: it resolves the name once and returns
the one address the caller must connect to, so that a second look-up cannot answer differently.
The ranges are those of the IANA special-purpose registries (RFC 6890 and its updates).
"""

import socket
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network

from hub.errors import PermanentError, TransientError

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network
Resolver = Callable[[str, int], Sequence[str]]
"""Asks the name service once: (host, port) to addresses as text; raises `socket.gaierror`."""

_LOOPBACK = ("127.0.0.0/8", "::1/128")
_PRIVATE = ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "fc00::/7")

NEVER: tuple[Network, ...] = tuple(
    ip_network(text)
    for text in (
        "169.254.0.0/16",
        "168.63.129.16/32",
        "fe80::/10",
        "fd00:ec2::/32",
        "fd20:ce::254/128",
    )
)
"""Where cloud platforms hand out credentials and settings of the machine itself: link-local, Azure,
Amazon, Google. No exemption of a wider network reaches them."""

REFUSED: tuple[tuple[Network, str], ...] = tuple(
    (ip_network(text), kind)
    for text, kind in (
        ("0.0.0.0/8", "this network"),
        ("10.0.0.0/8", "private"),
        ("100.64.0.0/10", "carrier-grade NAT"),
        ("127.0.0.0/8", "loopback"),
        ("168.63.129.16/32", "cloud platform"),
        ("169.254.0.0/16", "link-local"),
        ("172.16.0.0/12", "private"),
        ("192.0.0.0/24", "protocol assignments"),
        ("192.0.2.0/24", "documentation"),
        ("192.31.196.0/24", "AS112"),
        ("192.52.193.0/24", "multicast relay"),
        ("192.88.99.0/24", "6to4 relay"),
        ("192.168.0.0/16", "private"),
        ("192.175.48.0/24", "AS112"),
        ("198.18.0.0/15", "benchmark"),
        ("198.51.100.0/24", "documentation"),
        ("203.0.113.0/24", "documentation"),
        ("224.0.0.0/4", "multicast"),
        ("240.0.0.0/4", "reserved"),
        ("::/128", "unspecified"),
        ("::1/128", "loopback"),
        ("::/96", "IPv4-compatible"),
        ("::ffff:0:0/96", "IPv4-mapped"),
        ("::ffff:0:0:0/96", "IPv4-translated"),
        ("64:ff9b::/96", "NAT64"),
        ("64:ff9b:1::/48", "NAT64"),
        ("100::/64", "discard"),
        ("100:0:0:1::/64", "dummy"),
        ("2001::/23", "protocol assignments"),
        ("2001:db8::/32", "documentation"),
        ("2002::/16", "6to4"),
        ("2620:4f:8000::/48", "AS112"),
        ("3fff::/20", "documentation"),
        ("5f00::/16", "SRv6"),
        ("fd00:ec2::/32", "cloud platform"),
        ("fd20:ce::254/128", "cloud platform"),
        ("fc00::/7", "private"),
        ("fe80::/10", "link-local"),
        ("fec0::/10", "site-local"),
        ("ff00::/8", "multicast"),
    )
)
_GLOBAL_UNICAST = IPv6Network("2000::/3")  # the only part of IPv6 handed out to anybody (RFC 4291)


def refusal(address: Address) -> str | None:
    """Return what kind of range keeps `address` from being called, None for a public one."""
    for network, kind in REFUSED:
        if address in network:
            return kind
    if isinstance(address, IPv6Address) and address not in _GLOBAL_UNICAST:
        return "reserved"
    return None


def normal_host(host: str) -> str:
    """Return a host as it goes on the wire: lower case, IDN in ASCII, no dot or brackets around it.

    Raises:
        PermanentError: it is no host name, or an address in a spelling other than the usual one
            (decimal, octal, hexadecimal, shortened, with a zone): those only serve to hide.
    """
    text = host.strip("[]")
    if not text.isascii():
        text = _ascii(host)
    text = text.removesuffix(".").lower()
    if ":" in text:
        return str(_literal(host, text))
    labels = text.split(".")
    if not all(_is_label(label) for label in labels) or len(text) > _LONGEST_NAME:
        raise PermanentError(_shown(host), "This is not a host name.")
    if labels[-1].isdigit() or labels[-1].startswith("0x"):
        return str(_literal(host, text))
    return text


@dataclass(frozen=True, slots=True)
class PublicAddresses:
    """Allows public addresses by https on usual ports; `exempt` networks by any scheme and port.

    What is in `NEVER` is in no exempt network.

    Every address that a name has must be allowed: a mixed answer is an attempt to slip through.
    """

    ports: frozenset[int] = frozenset({443, 8443})
    schemes: frozenset[str] = frozenset({"https"})
    exempt: tuple[Network, ...] = ()
    resolver: Resolver | None = None

    def resolve(self, host: str, port: int, scheme: str) -> str:
        """Return the one IP address to connect to; IPv4 goes first where a name has both.

        Raises:
            PermanentError: address, port or scheme are not allowed, or there is no such name.
            TransientError: the name service does not answer.
        """
        name = normal_host(host)
        found = self._addresses(name, port)
        for address in found:
            if not self._is_exempt(address):
                self._check(name, address, port, scheme)
        return str(next((a for a in found if isinstance(a, IPv4Address)), found[0]))

    def with_plain_http(self) -> "PublicAddresses":
        """Return a policy that also allows unencrypted http on port 80."""
        return replace(self, ports=self.ports | {80}, schemes=self.schemes | {"http"})

    def for_mailboxes(self) -> "PublicAddresses":
        """Return a policy that allows IMAP on its two ports in place of https."""
        return replace(self, ports=frozenset({143, 993}), schemes=frozenset({"imap", "imaps"}))

    def _is_exempt(self, address: Address) -> bool:
        if any(address in network for network in NEVER):
            return False
        return any(address in network for network in self.exempt)

    def _addresses(self, name: str, port: int) -> list[Address]:
        try:
            return [ip_address(name)]
        except ValueError:
            return _look_up(name, port, self.resolver or _ask_system)

    def _check(self, name: str, address: Address, port: int, scheme: str) -> None:
        kind = refusal(address)
        if kind:
            raise PermanentError(
                name,
                "Its address {address} is not public ({kind}) and may not be called.",
                address=str(address),
                kind=kind,
            )
        if scheme not in self.schemes:
            raise PermanentError(
                name, "It may only be called by https, not {scheme}.", scheme=scheme
            )
        if port not in self.ports:
            raise PermanentError(name, "Port {port} may not be called.", port=port)


def loopback_allowed(resolver: Resolver | None = None) -> PublicAddresses:
    """Return the public policy plus this machine itself: for sandboxes and tests."""
    return PublicAddresses(exempt=_networks(_LOOPBACK), resolver=resolver)


def private_allowed(resolver: Resolver | None = None) -> PublicAddresses:
    """Return the public policy plus this machine and private networks.

    Those of cloud platforms (`NEVER`) stay refused.
    """
    return PublicAddresses(exempt=_networks((*_LOOPBACK, *_PRIVATE)), resolver=resolver)


_LONGEST_NAME = 253  # RFC 1035
_LONGEST_LABEL = 63  # likewise


def _networks(texts: Iterable[str]) -> tuple[Network, ...]:
    return tuple(ip_network(text) for text in texts)


def _ascii(host: str) -> str:
    import idna  # only for the rare name outside ASCII: its tables are large

    try:
        return idna.encode(host, uts46=True).decode("ascii")
    except idna.IDNAError as error:
        # Digits and dots in other scripts are folded by UTS 46 before the encoding refuses them.
        raise PermanentError(_shown(host), "This is not a host name.") from error


def _is_label(label: str) -> bool:
    return (
        0 < len(label) <= _LONGEST_LABEL
        and all(character.isalnum() or character in "-_" for character in label)
        and not label.startswith("-")
    )


def _literal(host: str, text: str) -> Address:
    if "%" not in text:
        try:
            return ip_address(text)
        except ValueError:
            pass  # refused below, like a zone
    raise PermanentError(_shown(host), "This is not a plain IP address.")


def _look_up(name: str, port: int, resolver: Resolver) -> list[Address]:
    try:
        found = [ip_address(text.partition("%")[0]) for text in resolver(name, port)]
    except socket.gaierror as error:
        if error.errno == socket.EAI_AGAIN:
            raise TransientError(name, "The name service does not answer.") from error
        raise PermanentError(name, "There is no such host.") from error
    if not found:
        raise PermanentError(name, "There is no such host.")
    return found


def _ask_system(name: str, port: int) -> list[str]:
    answers = socket.getaddrinfo(name, port, type=socket.SOCK_STREAM)
    return [str(address[0]) for *_, address in answers]


def _shown(host: str) -> str:
    return host.rpartition("@")[2][:80]  # what precedes an @ may be a password
