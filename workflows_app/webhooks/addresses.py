"""Which addresses a message may go to: those of the public network, unless a setting allows more.

A name is resolved once and the message goes to that very address, so that a name which means another address a
moment later leads nowhere.
"""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Iterator, Sequence
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from typing import Final, TypeAlias

from httpx import URL, InvalidURL

Address: TypeAlias = IPv4Address | IPv6Address
NAT64: Final = ip_network("64:ff9b::/96")
CLOUD: Final = frozenset({ip_address("168.63.129.16")})
"""Public addresses at which a cloud answers its own machines only."""
LONGEST: Final = 2000


class Refused(Exception):
    """A message may not go there."""


def checked_url(text: str) -> URL:
    """Read the address of a webhook. Raises: Refused saying what it must look like"""
    try:
        url = URL(text)
    except (InvalidURL, ValueError) as error:
        raise Refused("Give an address like https://hooks.example.org/studio.") from error
    if url.scheme not in ("http", "https") or not url.host or len(text) > LONGEST or not text.isprintable():
        raise Refused("Give an address like https://hooks.example.org/studio.")
    if url.userinfo:
        raise Refused("Give the address without a name or password in it; what is sent is signed.")
    if url.port is not None and not 0 < url.port < 65_536:
        raise Refused(f"There is no port {url.port}.")
    return url


async def place_of(url: URL, allowed: Sequence[str]) -> str:
    """Resolve a host to the address to connect to. Raises: Refused, also when one of several is private"""
    port = url.port or {"http": 80, "https": 443}[url.scheme]
    try:
        found = await asyncio.get_running_loop().getaddrinfo(url.host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        raise Refused(f"The host {url.host} is not known here.") from error
    addresses = [ip_address(entry[4][0]) for entry in found]
    for address in addresses:
        if not may_be_called(address, allowed):
            raise Refused(f"{url.host} is {address}, which is not of the public network; WEBHOOK_ALLOW can allow it.")
    return str(addresses[0])


def may_be_called(address: Address, allowed: Sequence[str]) -> bool:
    if any(address in ip_network(network) for network in allowed):
        return True
    return all(one.is_global and not one.is_multicast and one not in CLOUD for one in meant_by(address))


def meant_by(address: Address) -> Iterator[Address]:
    """Give the addresses that one leads to: those of version 6 can hold one of version 4."""
    if isinstance(address, IPv4Address):
        yield address
        return
    if address.ipv4_mapped is not None:
        yield address.ipv4_mapped
        return
    yield address
    inner = [address.sixtofour, *(address.teredo or ())]
    if address in NAT64:
        inner.append(IPv4Address(int(address) & 0xFFFF_FFFF))
    yield from (one for one in inner if one is not None)
