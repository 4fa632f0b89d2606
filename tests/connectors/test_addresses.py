import socket
from collections.abc import Sequence
from ipaddress import IPv4Address, ip_address, ip_network

import pytest

from connectors.addresses import (
    PublicAddresses,
    loopback_allowed,
    normal_host,
    private_allowed,
    refusal,
)
from connectors.http import HttpClient
from hub.errors import PermanentError, TransientError
from tests.connectors.calling import NotingControl

# One or more of every range that is nobody's server, from the IANA special-purpose registries.
REFUSED = [
    ("0.0.0.0", "this network"),  # noqa: S104 - an address to refuse, not to listen on
    ("0.1.2.3", "this network"),
    ("10.0.0.1", "private"),
    ("10.255.255.255", "private"),
    ("100.64.0.1", "carrier-grade NAT"),
    ("100.127.255.254", "carrier-grade NAT"),
    ("127.0.0.1", "loopback"),
    ("127.255.0.9", "loopback"),
    ("168.63.129.16", "cloud platform"),
    ("169.254.0.1", "link-local"),
    ("169.254.169.254", "link-local"),
    ("172.16.0.1", "private"),
    ("172.31.255.255", "private"),
    ("192.0.0.8", "protocol assignments"),
    ("192.0.0.170", "protocol assignments"),
    ("192.0.2.1", "documentation"),
    ("192.31.196.1", "AS112"),
    ("192.52.193.1", "multicast relay"),
    ("192.88.99.1", "6to4 relay"),
    ("192.168.1.1", "private"),
    ("192.175.48.6", "AS112"),
    ("198.18.0.1", "benchmark"),
    ("198.19.255.255", "benchmark"),
    ("198.51.100.7", "documentation"),
    ("203.0.113.7", "documentation"),
    ("224.0.0.1", "multicast"),
    ("233.252.0.1", "multicast"),
    ("239.255.255.255", "multicast"),
    ("240.0.0.1", "reserved"),
    ("255.255.255.255", "reserved"),
    ("::", "unspecified"),
    ("::1", "loopback"),
    ("::7f00:1", "IPv4-compatible"),
    ("::ffff:127.0.0.1", "IPv4-mapped"),
    ("::ffff:7f00:1", "IPv4-mapped"),
    ("::ffff:8.8.8.8", "IPv4-mapped"),
    ("::ffff:0:10.0.0.1", "IPv4-translated"),
    ("64:ff9b::127.0.0.1", "NAT64"),
    ("64:ff9b::808:808", "NAT64"),
    ("64:ff9b:1::1", "NAT64"),
    ("100::1", "discard"),
    ("100:0:0:1::1", "dummy"),
    ("2001::1", "protocol assignments"),
    ("2001:0:4136:e378::1", "protocol assignments"),
    ("2001:2::1", "protocol assignments"),
    ("2001:10::1", "protocol assignments"),
    ("2001:20::1", "protocol assignments"),
    ("2001:db8::1", "documentation"),
    ("2002:7f00:1::", "6to4"),
    ("2002:a00:1::1", "6to4"),
    ("2620:4f:8000::1", "AS112"),
    ("3fff::1", "documentation"),
    ("5f00::1", "SRv6"),
    ("fc00::1", "private"),
    ("fd12:3456:789a::1", "private"),
    ("fd00:ec2::254", "cloud platform"),
    ("fd00:ec2::23", "cloud platform"),
    ("fd20:ce::254", "cloud platform"),
    ("fe80::1", "link-local"),
    ("fec0::1", "site-local"),
    ("ff02::1", "multicast"),
    ("ff0e::1", "multicast"),
    ("400::1", "reserved"),
    ("4000::1", "reserved"),
    ("8000::1", "reserved"),
]
PUBLIC = [
    "1.1.1.1",
    "9.9.9.9",
    "100.63.255.255",
    "100.128.0.1",
    "172.32.0.1",
    "198.20.0.1",
    "223.255.255.255",
    "2001:4860:4860::8888",
    "2606:4700:4700::1111",
    "2a00:1450::1",
]


def resolving_to(*addresses: str) -> PublicAddresses:
    return PublicAddresses(resolver=lambda _name, _port: addresses)


@pytest.mark.parametrize(("address", "kind"), REFUSED)
def test_an_address_of_a_special_range_is_refused_as_itself_and_behind_a_name(
    address: str, kind: str
) -> None:
    written = f"[{address}]" if ":" in address else address

    with pytest.raises(PermanentError) as literal:
        PublicAddresses().resolve(written, 443, "https")
    with pytest.raises(PermanentError) as named:
        resolving_to(address).resolve("shop.example", 443, "https")

    assert literal.value.params["kind"] == kind
    assert named.value.params["kind"] == kind
    assert named.value.system == "shop.example"


@pytest.mark.parametrize("address", PUBLIC)
def test_a_public_address_is_allowed(address: str) -> None:
    assert refusal(ip_address(address)) is None
    assert resolving_to(address).resolve("shop.example", 443, "https") == address


@pytest.mark.parametrize(
    "host",
    [
        "2130706433",
        "017700000001",
        "0177.0.0.1",
        "0x7f000001",
        "0x7f.0.0.1",
        "127.1",
        "127.0.1",
        "0x7F.1",
        "00127.0.0.1",
        "127.0.0.1.5",
        "256.1.1.1",
        "[fe80::1%25eth0]",
        "fe80::1%eth0",
        "[::1",
        "::ffff:0x7f.1",
        "user@127.0.0.1",
        "user:word@shop.example",
        "shop.example:443",
        "shop example",
        "shop\n.example",
        "",
        ".",
        "shop..example",
        "-shop.example",
        "a" * 64,
        "a.%00",
    ],
)
def test_an_unusual_spelling_of_an_address_or_name_is_refused_unasked(host: str) -> None:
    asked: list[str] = []

    def resolver(name: str, _port: int) -> Sequence[str]:
        asked.append(name)
        return ["1.1.1.1"]

    with pytest.raises(PermanentError):
        PublicAddresses(resolver=resolver).resolve(host, 443, "https")

    assert asked == []


@pytest.mark.parametrize(
    ("host", "kind"),
    [
        ("127.0.0.1.", "loopback"),
        ("１２７.０.０.１", "loopback"),
        ("127。0。0。1", "loopback"),
        ("①②⑦.0.0.1", "loopback"),
        ("[::FFFF:127.0.0.1]", "IPv4-mapped"),
        ("[0:0:0:0:0:0:0:1]", "loopback"),
    ],
)
def test_other_digits_dots_and_lengths_do_not_hide_an_address(host: str, kind: str) -> None:
    with pytest.raises(PermanentError) as caught:
        PublicAddresses().resolve(host, 443, "https")

    assert caught.value.params["kind"] == kind


def test_a_name_goes_on_the_wire_in_lower_case_ascii_without_its_last_dot() -> None:
    assert normal_host("Shop.Example.") == "shop.example"
    assert normal_host("bølgebryder.example") == "xn--blgebryder-0cb.example"
    assert normal_host("[2606:4700:4700:0:0:0:0:1111]") == "2606:4700:4700::1111"


@pytest.mark.parametrize(
    ("port", "scheme", "allowed"),
    [
        (443, "https", True),
        (8443, "https", True),
        (80, "http", False),
        (443, "http", False),
        (22, "https", False),
        (6379, "https", False),
        (443, "ftp", False),
    ],
)
def test_only_https_on_its_usual_ports_is_allowed(port: int, scheme: str, *, allowed: bool) -> None:
    policy = resolving_to("1.1.1.1")

    if allowed:
        assert policy.resolve("shop.example", port, scheme) == "1.1.1.1"
    else:
        with pytest.raises(PermanentError):
            policy.resolve("shop.example", port, scheme)


def test_plain_http_on_port_80_can_be_allowed_on_purpose() -> None:
    policy = resolving_to("1.1.1.1").with_plain_http()

    assert policy.resolve("shop.example", 80, "http") == "1.1.1.1"
    with pytest.raises(PermanentError):
        policy.resolve("shop.example", 8080, "http")


def test_one_bad_address_among_good_ones_refuses_the_name() -> None:
    with pytest.raises(PermanentError) as caught:
        resolving_to("1.1.1.1", "10.0.0.1").resolve("shop.example", 443, "https")

    assert caught.value.params["address"] == "10.0.0.1"


def test_ipv4_goes_first_where_a_name_has_both() -> None:
    policy = resolving_to("2606:4700:4700::1111", "1.1.1.1")

    assert policy.resolve("shop.example", 443, "https") == "1.1.1.1"


@pytest.mark.parametrize(
    ("code", "error"), [(socket.EAI_AGAIN, TransientError), (socket.EAI_NONAME, PermanentError)]
)
def test_a_silent_name_service_is_tried_again_and_an_unknown_name_is_not(
    code: int, error: type[Exception]
) -> None:
    def resolver(_name: str, _port: int) -> Sequence[str]:
        raise socket.gaierror(code, "as told")

    with pytest.raises(error):
        PublicAddresses(resolver=resolver).resolve("shop.example", 443, "https")


def test_this_machine_is_allowed_only_where_that_is_meant() -> None:
    assert loopback_allowed().resolve("127.0.0.1", 8101, "http") == "127.0.0.1"
    assert loopback_allowed().resolve("localhost", 8101, "http") in ("127.0.0.1", "::1")
    for address in ("10.0.0.1", "169.254.169.254", "192.168.1.1", "::ffff:127.0.0.1"):
        with pytest.raises(PermanentError):
            loopback_allowed().resolve(address, 443, "https")
    with pytest.raises(PermanentError):  # elsewhere the usual rule stays
        loopback_allowed(lambda _name, _port: ["1.1.1.1"]).resolve("shop.example", 80, "http")


def test_private_networks_can_be_allowed_and_cloud_credentials_stay_out_of_reach() -> None:
    for address in ("127.0.0.1", "10.0.0.1", "172.20.0.1", "192.168.1.1", "fd00::1"):
        assert private_allowed().resolve(address, 8080, "http") == address
    for address in (
        "169.254.169.254", "fe80::1", "224.0.0.1", "168.63.129.16",
        "fd00:ec2::254", "fd00:0ec2:0:0::254", "fd20:ce::254",
    ):  # fmt: skip
        with pytest.raises(PermanentError):
            private_allowed().resolve(address, 443, "https")
    assert private_allowed().resolve("fd20:ce::253", 443, "https") == "fd20:ce::253"


@pytest.mark.parametrize("network", ["::/0", "0.0.0.0/0", "169.254.0.0/16", "fd00:ec2::/32"])
def test_no_exemption_however_wide_reaches_cloud_credentials(network: str) -> None:
    addresses = PublicAddresses(exempt=(ip_network(network),))

    for address in ("169.254.169.254", "fd00:ec2::254", "fd20:ce::254", "168.63.129.16"):
        with pytest.raises(PermanentError):
            addresses.resolve(address, 443, "https")


def test_a_name_that_changes_its_address_never_leads_inside(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    asked = 0

    def rebinding(_name: str, _port: int) -> Sequence[str]:
        nonlocal asked
        asked += 1
        return ["1.1.1.1"] if asked % 2 else ["127.0.0.1"]

    connected: list[str] = []

    def note(_self: socket.socket, address: tuple[str, int]) -> None:
        connected.append(address[0])
        raise ConnectionRefusedError

    def literal_only(host: str, port: int, *_: object, **__: object) -> list[tuple[object, ...]]:
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (str(IPv4Address(host)), port))]

    monkeypatch.setattr(socket.socket, "connect", note)
    monkeypatch.setattr(socket, "getaddrinfo", literal_only)
    client = HttpClient(
        "shop", "https://shop.example", control=NotingControl(),
        addresses=PublicAddresses(resolver=rebinding),
    )  # fmt: skip
    for _ in range(1_000):
        with pytest.raises((PermanentError, TransientError)):
            client.call("GET", "/")

    assert asked == 1_000  # one question for each call: no second answer to fall for
    assert connected == ["1.1.1.1"] * 500
