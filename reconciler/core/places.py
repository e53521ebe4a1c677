"""What environments reach: two of them share an Airflow, a DAG folder or a token, however that is written.

Called where a commit names another place, and where files are validated. Two names of one host are two places
here: only its network knows better.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator
from ipaddress import IPv6Address, ip_address
from urllib.parse import unquote

from urllib3.exceptions import LocationParseError
from urllib3.util import parse_url

from reconciler.model.environment import AirflowApi, AirflowSpec, DagFolderSpec

_NUMBER = re.compile(r"(?:.*\.)?(?:\d+|0x[0-9a-f]*)")
"""A host that programs take for an IP address, each in a way of its own (``127.1``, ``0x7f000001``)."""

_USUAL_PORTS = (None, 80, 443)


def shared(one: AirflowSpec, other: AirflowSpec) -> tuple[str, ...]:
    """What both reach, in words."""
    return (*_folders(one.dag_folder, other.dag_folder), *_apis(one.api, other.api))


def address(url: str) -> str | None:
    """One spelling for all of a base URL: ``example.com:8080/airflow``; None if nobody can tell what it is.

    Read by what sends the requests. Over TLS or not, it is one Airflow.
    """
    try:
        parts = parse_url(url)
    except LocationParseError:
        return None
    host = _host(parts.host or "")
    if host is None:
        return None
    port = "" if parts.port in _USUAL_PORTS else f":{parts.port}"
    path = posixpath.normpath(f"/{unquote(parts.path or '').strip('/')}")
    return f"{host}{port}{path.rstrip('/')}"


def _folders(one: DagFolderSpec, other: DagFolderSpec) -> Iterator[str]:
    """A folder within the other's is shared too."""
    nested = one.prefix.startswith(other.prefix) or other.prefix.startswith(one.prefix)
    if nested and one.bucket == other.bucket:
        yield f"the DAG folder s3://{one.bucket}/{one.prefix}"


def _apis(one: AirflowApi, other: AirflowApi) -> Iterator[str]:
    if one.mwaa is not None and one.mwaa == other.mwaa:
        yield f"the MWAA environment {one.mwaa.environment}"
    if one.http is None or other.http is None:
        return
    if address(one.http.url) == address(other.http.url):
        yield f"the Airflow at {one.http.url.rstrip('/')}"
    mine, theirs = one.http.token_secret, other.http.token_secret
    if mine is not None and theirs is not None and _is_same_secret(mine, theirs):
        yield f"the token {mine}"


def _host(host: str) -> str | None:
    name = host.strip("[]").rstrip(".").lower()
    try:
        ip = ip_address(name)
    except ValueError:
        return name if name and not _NUMBER.fullmatch(name) else None
    mapped = ip.ipv4_mapped if isinstance(ip, IPv6Address) else None
    return str(mapped or ip)


def _is_same_secret(one: str, other: str) -> bool:
    """A name alone is a secret of whatever account and region there is."""
    (here, mine), (there, theirs) = _secret(one), _secret(other)
    return bool(mine & theirs) and (here == there or not here or not there)


def _secret(reference: str) -> tuple[str, frozenset[str]]:
    """Where a secret is, if that is said, and what its name may be: an ARN has six characters after it."""
    where, _, name = reference.partition(":secret:")
    if not name:
        return "", frozenset([reference])
    return where, frozenset([name, re.sub(r"-[A-Za-z0-9]{6}$", "", name)])
