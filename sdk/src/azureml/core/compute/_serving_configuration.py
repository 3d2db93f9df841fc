"""What a cluster that serves is asked for."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from azureml.core.compute._configurations import (
    ComputeTargetAttachConfiguration,
    ComputeTargetProvisioningConfiguration,
    given,
)
from azureml.core.compute._resources import check_network, check_resource
from azureml.core.compute._tls import check_tls, tls_settings
from azureml.exceptions import ComputeTargetException
from zaffre_sdk.wire.computes import ComputeIn

if TYPE_CHECKING:
    from typing import Self  # newer than the oldest Python that this runs on

USUAL_COUNT = 3
_USUAL_SIZE = "Standard_D3_v2"
_BALANCERS = ("PublicIp", "InternalLoadBalancer")


class _WithTls:
    """A configuration that can be given a certificate."""

    ssl_cname: str | None = None
    ssl_cert_pem_file: str | None = None
    ssl_key_pem_file: str | None = None
    leaf_domain_label: str | None = None
    overwrite_existing_domain: bool = False

    def enable_ssl(
        self,
        ssl_cname: str | None = None,
        ssl_cert_pem_file: str | None = None,
        ssl_key_pem_file: str | None = None,
        leaf_domain_label: str | None = None,
        overwrite_existing_domain: bool = False,
    ) -> Self:
        """Keep a certificate with the cluster, and return the configuration.

        Args:
            ssl_cname: The name in the certificate.
            ssl_cert_pem_file: Its file, which is not sent.
            ssl_key_pem_file: The file of its key, which is not sent.
            leaf_domain_label: The first part of a name, instead of the three.
            overwrite_existing_domain: Take the name of another cluster.

        Raises:
            ComputeTargetException: The certificate is not whole, or given in two ways.
        """
        self.ssl_cname = ssl_cname or self.ssl_cname
        self.ssl_cert_pem_file = ssl_cert_pem_file or self.ssl_cert_pem_file
        self.ssl_key_pem_file = ssl_key_pem_file or self.ssl_key_pem_file
        self.leaf_domain_label = leaf_domain_label or self.leaf_domain_label
        self.overwrite_existing_domain |= overwrite_existing_domain
        self._check_tls()
        return self

    def _check_tls(self) -> None:
        check_tls(
            self.leaf_domain_label,
            overwrite=self.overwrite_existing_domain,
            ssl_cname=self.ssl_cname,
            ssl_cert_pem_file=self.ssl_cert_pem_file,
            ssl_key_pem_file=self.ssl_key_pem_file,
        )


class AksProvisioningConfiguration(_WithTls, ComputeTargetProvisioningConfiguration):
    """What a cluster is asked for; as `AksCompute.provisioning_configuration` says."""

    def __init__(
        self,
        agent_count: int | None,
        vm_size: str | None,
        ssl_cname: str | None,
        ssl_cert_pem_file: str | None,
        ssl_key_pem_file: str | None,
        location: str | None,
        vnet_resourcegroup_name: str | None,
        vnet_name: str | None,
        subnet_name: str | None,
        service_cidr: str | None,
        dns_service_ip: str | None,
        docker_bridge_cidr: str | None,
        cluster_purpose: str | None,
        load_balancer_type: str | None,
        load_balancer_subnet: str | None,
    ) -> None:
        super().__init__("AKS", location)
        self.agent_count = agent_count
        self.vm_size = vm_size
        self.ssl_cname = ssl_cname
        self.ssl_cert_pem_file = ssl_cert_pem_file
        self.ssl_key_pem_file = ssl_key_pem_file
        self.vnet_resourcegroup_name = vnet_resourcegroup_name
        self.vnet_name = vnet_name
        self.subnet_name = subnet_name
        self.service_cidr = service_cidr
        self.dns_service_ip = dns_service_ip
        self.docker_bridge_cidr = docker_bridge_cidr
        self.cluster_purpose = cluster_purpose
        self.load_balancer_type = load_balancer_type
        self.load_balancer_subnet = load_balancer_subnet
        self.validate_configuration()

    def validate_configuration(self) -> None:
        """Refuse values that cannot be.

        Raises:
            ComputeTargetException: One of them cannot; says which.
        """
        count = self.agent_count
        if count is not None and (not isinstance(count, int) or count <= 0):
            raise ComputeTargetException(
                f"`agent_count` must be a whole number from 1 on, not {count!r}."
            )
        self._check_tls()
        check_network(**self._network())

    def _order(self, name: str) -> ComputeIn:
        return ComputeIn(
            name=name,
            kind="serving",
            type="AKS",
            location=self.location or "",
            vm_size=self.vm_size or _USUAL_SIZE,
            settings=given(
                agent_count=self.agent_count or USUAL_COUNT,
                cluster_purpose=self.cluster_purpose,
                load_balancer_type=self.load_balancer_type,
                load_balancer_subnet=self.load_balancer_subnet,
                ssl=tls_settings(self.ssl_cname, self.leaf_domain_label),
                **self._network(),
            ),
        )

    def _network(self) -> dict[str, Any]:
        return {
            "vnet_resourcegroup_name": self.vnet_resourcegroup_name,
            "vnet_name": self.vnet_name,
            "subnet_name": self.subnet_name,
            "service_cidr": self.service_cidr,
            "dns_service_ip": self.dns_service_ip,
            "docker_bridge_cidr": self.docker_bridge_cidr,
        }


class AksAttachConfiguration(_WithTls, ComputeTargetAttachConfiguration):
    """What is attached; as `AksCompute.attach_configuration` says."""

    def __init__(
        self,
        resource_group: str | None = None,
        cluster_name: str | None = None,
        resource_id: str | None = None,
        cluster_purpose: str | None = None,
        load_balancer_type: str | None = None,
        load_balancer_subnet: str | None = None,
    ) -> None:
        super().__init__("AKS")
        self.resource_group = resource_group
        self.cluster_name = cluster_name
        self.resource_id = resource_id
        self.cluster_purpose = cluster_purpose
        self.load_balancer_type = load_balancer_type
        self.load_balancer_subnet = load_balancer_subnet
        self.validate_configuration()

    def validate_configuration(self) -> None:
        """Refuse values that cannot be.

        Raises:
            ComputeTargetException: One of them cannot; says which.
        """
        check_resource(
            self.resource_id,
            "Microsoft.ContainerService",
            resource_group=self.resource_group,
            cluster_name=self.cluster_name,
        )
        self._check_tls()
        check_balancer(self.load_balancer_type, self.load_balancer_subnet)

    def _order(self, name: str) -> ComputeIn:
        return ComputeIn(
            name=name,
            kind="serving",
            type="AKS",
            settings=given(
                resource_group=self.resource_group,
                cluster_name=self.cluster_name,
                resource_id=self.resource_id,
                cluster_purpose=self.cluster_purpose,
                load_balancer_type=self.load_balancer_type,
                load_balancer_subnet=self.load_balancer_subnet,
                ssl=tls_settings(self.ssl_cname, self.leaf_domain_label),
            ),
        )


def check_balancer(kind: str | None, subnet: str | None) -> None:
    """Refuse a load balancer that is not known, or a subnet that it cannot have.

    Raises:
        ComputeTargetException: It is.
    """
    if kind and kind not in _BALANCERS:
        raise ComputeTargetException(
            f"`load_balancer_type` is {kind!r}; one of {', '.join(_BALANCERS)} is expected."
        )
    if subnet and kind != "InternalLoadBalancer":
        raise ComputeTargetException(
            "`load_balancer_subnet` is for a `load_balancer_type` of `InternalLoadBalancer` alone."
        )
