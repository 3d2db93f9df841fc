"""Certificates of clusters that serve; they are kept by name, and the server has its own."""

from __future__ import annotations

from typing import Any

from azureml.exceptions import ComputeTargetException


class SslConfiguration:
    """A certificate of a cluster.

    Args:
        status: `Auto`, `Enabled` or `Disabled`.
        cert: The certificate.
        key: Its key, which is never sent.
        cname: The name in it; or
        leaf_domain_label: the first part of a name of Azure.
        overwrite_existing_domain: Take the name of another cluster.
        renew: Accepted.
    """

    def __init__(
        self,
        status: str | None = None,
        cert: str | None = None,
        key: str | None = None,
        cname: str | None = None,
        leaf_domain_label: str | None = None,
        overwrite_existing_domain: bool = False,
        renew: bool = False,
    ) -> None:
        self.status = status
        self.cert = cert
        self.key = key
        self.cname = cname
        self.leaf_domain_label = leaf_domain_label
        self.overwrite_existing_domain = overwrite_existing_domain
        self.renew = renew

    def serialize(self) -> dict[str, Any]:
        """Return it under v1's keys."""
        return {
            "status": self.status,
            "cert": self.cert,
            "key": self.key,
            "cname": self.cname,
            "leafDomainLabel": self.leaf_domain_label,
            "overwriteExistingDomain": self.overwrite_existing_domain,
            "renew": self.renew,
        }

    def public(self) -> dict[str, Any]:
        """Return what may be kept with a cluster: all but the key."""
        return {**self.serialize(), "key": None}

    @staticmethod
    def deserialize(object_dict: dict[str, Any] | None) -> SslConfiguration | None:
        """Return what `serialize` wrote; None for nothing."""
        if not object_dict:
            return None
        return SslConfiguration(
            object_dict.get("status"),
            object_dict.get("cert"),
            object_dict.get("key"),
            object_dict.get("cname"),
            object_dict.get("leafDomainLabel"),
            bool(object_dict.get("overwriteExistingDomain")),
            bool(object_dict.get("renew")),
        )


class SystemService:
    """A service of Azure in a cluster; there are none here."""

    def __init__(self, service_type: str, version: str, public_ip_address: str) -> None:
        self.service_type = service_type
        self.version = version
        self.public_ip_address = public_ip_address

    def serialize(self) -> dict[str, Any]:
        """Return it under v1's keys."""
        return {
            "serviceType": self.service_type,
            "version": self.version,
            "publicIpAddress": self.public_ip_address,
        }

    @staticmethod
    def deserialize(object_dict: dict[str, Any]) -> SystemService:
        """Return what `serialize` wrote.

        Raises:
            ComputeTargetException: Something is missing.
        """
        try:
            return SystemService(
                object_dict["serviceType"],
                object_dict["version"],
                object_dict["publicIpAddress"],
            )
        except KeyError as error:
            raise ComputeTargetException(f"{object_dict!r} lacks `{error.args[0]}`.") from error


def check_tls(leaf_domain_label: str | None, *, overwrite: bool, **parts: str | None) -> None:
    """Refuse a certificate that is not whole, or given in two ways.

    Raises:
        ComputeTargetException: It is.
    """
    missing = [f"`{name}`" for name, value in parts.items() if not value]
    if len(missing) == len(parts):
        return
    if missing:
        raise ComputeTargetException(f"A certificate needs {', '.join(missing)} as well.")
    if leaf_domain_label or overwrite:
        raise ComputeTargetException(
            "`leaf_domain_label` and `overwrite_existing_domain` are for certificates that Azure "
            "makes, and must not be given together with a certificate."
        )


def tls_settings(cname: str | None, leaf_domain_label: str | None) -> dict[str, Any] | None:
    """Return what is kept of a certificate with a cluster; None without any."""
    if not cname and not leaf_domain_label:
        return None
    status = "Enabled" if cname else "Auto"
    return {"status": status, "cname": cname, "leafDomainLabel": leaf_domain_label}
