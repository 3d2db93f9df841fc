"""Clusters that serve web services."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from azureml.core._nouns import nouns_of
from azureml.core.compute._configurations import ComputeTargetUpdateConfiguration, given
from azureml.core.compute._serving_configuration import (
    USUAL_COUNT,
    AksAttachConfiguration,
    AksProvisioningConfiguration,
    check_balancer,
)
from azureml.core.compute._tls import SslConfiguration, SystemService, check_tls
from azureml.core.compute.compute import ComputeTarget
from azureml.exceptions import ComputeTargetException, UserErrorException
from zaffre_sdk.wire.computes import ComputeChange

if TYPE_CHECKING:
    from zaffre_sdk.wire.computes import ComputeOut

__all__ = [
    "AksAttachConfiguration",
    "AksCompute",
    "AksProvisioningConfiguration",
    "AksUpdateConfiguration",
    "SslConfiguration",
    "SystemService",
]


class AksCompute(ComputeTarget):
    """Capacity for web services: what is deployed here asks for no more than its machines have.

    The services are processes on the server's machine. One for which there is no room left is
    refused, and so is `delete` while some are deployed.

    Example:
        >>> size = AksCompute.provisioning_configuration(location="eastus")
        >>> cluster = ComputeTarget.create(workspace, "aks-cluster", size)
        >>> cluster.wait_for_completion(show_output=True)
    """

    _compute_type = "AKS"

    agent_vm_size: str
    agent_count: int
    cluster_purpose: str
    cluster_fqdn: str | None = None
    system_services: list[SystemService]
    ssl_configuration: SslConfiguration | None
    load_balancer_type: str | None
    load_balancer_subnet: str | None

    class ClusterPurpose:
        """What a cluster is for."""

        FAST_PROD = "FastProd"
        DEV_TEST = "DevTest"

    @staticmethod
    def attach(workspace: Any, name: str, resource_id: str) -> Any:
        """Attach the cluster of that id; the older way."""
        configuration = AksCompute.attach_configuration(resource_id=resource_id)
        return ComputeTarget.attach(workspace, name, configuration)

    @staticmethod
    def provisioning_configuration(
        agent_count: int | None = None,
        vm_size: str | None = None,
        ssl_cname: str | None = None,
        ssl_cert_pem_file: str | None = None,
        ssl_key_pem_file: str | None = None,
        location: str | None = None,
        vnet_resourcegroup_name: str | None = None,
        vnet_name: str | None = None,
        subnet_name: str | None = None,
        service_cidr: str | None = None,
        dns_service_ip: str | None = None,
        docker_bridge_cidr: str | None = None,
        cluster_purpose: str | None = None,
        load_balancer_type: str | None = None,
        load_balancer_subnet: str | None = None,
    ) -> AksProvisioningConfiguration:
        """Return what `ComputeTarget.create` makes a cluster of.

        Args:
            agent_count: How many machines it has; 3 unless said.
            vm_size: Their size, `Standard_D3_v2` unless said; both say what services may have.
            ssl_cname: The name in a certificate; kept. TLS is a matter of the server.
            ssl_cert_pem_file: Accepted, and not sent.
            ssl_key_pem_file: Accepted, and not sent.
            location: Any text.
            vnet_resourcegroup_name: Kept, as are the other parts of a network.
            vnet_name: Kept.
            subnet_name: Kept.
            service_cidr: Kept.
            dns_service_ip: Kept.
            docker_bridge_cidr: Kept.
            cluster_purpose: One of `AksCompute.ClusterPurpose`; with `DEV_TEST` the machines may
                have less than 12 cores together.
            load_balancer_type: `PublicIp` or `InternalLoadBalancer`; kept.
            load_balancer_subnet: Kept.

        Raises:
            ComputeTargetException: A value cannot be; says which.
        """
        return AksProvisioningConfiguration(
            agent_count,
            vm_size,
            ssl_cname,
            ssl_cert_pem_file,
            ssl_key_pem_file,
            location,
            vnet_resourcegroup_name,
            vnet_name,
            subnet_name,
            service_cidr,
            dns_service_ip,
            docker_bridge_cidr,
            cluster_purpose,
            load_balancer_type,
            load_balancer_subnet,
        )

    @staticmethod
    def attach_configuration(
        resource_group: str | None = None,
        cluster_name: str | None = None,
        resource_id: str | None = None,
        cluster_purpose: str | None = None,
        load_balancer_type: str | None = None,
        load_balancer_subnet: str | None = None,
    ) -> AksAttachConfiguration:
        """Return what `ComputeTarget.attach` attaches.

        Args:
            resource_group: Where it is in Azure.
            cluster_name: Its name there.
            resource_id: Its id, instead of both.
            cluster_purpose: One of `AksCompute.ClusterPurpose`; kept.
            load_balancer_type: `PublicIp` or `InternalLoadBalancer`; kept.
            load_balancer_subnet: Kept.

        Raises:
            ComputeTargetException: It is not named in exactly one way.
        """
        return AksAttachConfiguration(
            resource_group,
            cluster_name,
            resource_id,
            cluster_purpose,
            load_balancer_type,
            load_balancer_subnet,
        )

    def update(self, update_configuration: AksUpdateConfiguration) -> None:
        """Keep another certificate or load balancer with the cluster.

        Raises:
            ComputeTargetException: A value cannot be; says which.
        """
        if not isinstance(update_configuration, AksUpdateConfiguration):
            raise UserErrorException(
                f"{update_configuration!r} is no AksUpdateConfiguration, which `update` takes."
            )
        update_configuration.validate_configuration()
        computes = nouns_of(self.workspace).computes
        settings = {**computes.get(self.name).settings, **update_configuration.settings()}
        self._become(computes.change(self.name, ComputeChange(settings=settings)))

    def get_credentials(self) -> dict[str, Any]:
        """Refuse: there is no cluster of Kubernetes behind it whose configuration could be told.

        Raises:
            ComputeTargetException: Always.
        """
        raise ComputeTargetException(
            f"`{self.name}` has no credentials: web services run on the server's machine, not in "
            "a cluster of Kubernetes.\n`service.get_keys()` gives what opens a web service.",
            code="NotSupported",
        )

    def _details(self, found: ComputeOut) -> dict[str, Any]:
        settings = found.settings
        return {
            "agentVmSize": found.vm_size or None,
            "agentCount": settings.get("agent_count", USUAL_COUNT),
            "clusterPurpose": settings.get("cluster_purpose", AksCompute.ClusterPurpose.FAST_PROD),
            "clusterFqdn": None,
            "systemServices": [],
            "sslConfiguration": settings.get("ssl"),
            "loadBalancerType": settings.get("load_balancer_type"),
            "loadBalancerSubnet": settings.get("load_balancer_subnet"),
        }

    def _take_details(self, details: dict[str, Any]) -> None:
        self.agent_vm_size = details.get("agentVmSize") or ""
        self.agent_count = details.get("agentCount", USUAL_COUNT)
        self.cluster_purpose = details.get("clusterPurpose", "")
        self.system_services = [
            SystemService.deserialize(one) for one in details.get("systemServices") or []
        ]
        self.ssl_configuration = SslConfiguration.deserialize(details.get("sslConfiguration"))
        self.load_balancer_type = details.get("loadBalancerType")
        self.load_balancer_subnet = details.get("loadBalancerSubnet")


class AksUpdateConfiguration(ComputeTargetUpdateConfiguration):
    """What `AksCompute.update` changes.

    Args:
        ssl_configuration: Another certificate.
        load_balancer_type: `PublicIp` or `InternalLoadBalancer`.
        load_balancer_subnet: Where an `InternalLoadBalancer` is.
    """

    def __init__(
        self,
        ssl_configuration: SslConfiguration | None = None,
        load_balancer_type: str | None = None,
        load_balancer_subnet: str | None = None,
    ) -> None:
        super().__init__("AKS")
        self.ssl_configuration = ssl_configuration
        self.load_balancer_type = load_balancer_type
        self.load_balancer_subnet = load_balancer_subnet
        self.validate_configuration()

    def validate_configuration(self) -> None:
        """Refuse values that cannot be.

        Raises:
            ComputeTargetException: One of them cannot; says which.
        """
        check_balancer(self.load_balancer_type, self.load_balancer_subnet)
        tls = self.ssl_configuration
        if tls is not None:
            check_tls(
                tls.leaf_domain_label,
                overwrite=tls.overwrite_existing_domain,
                ssl_cname=tls.cname,
                ssl_cert_pem_file=tls.cert,
                ssl_key_pem_file=tls.key,
            )

    def settings(self) -> dict[str, Any]:
        """Return the settings of a cluster that change."""
        return given(
            ssl=self.ssl_configuration and self.ssl_configuration.public(),
            load_balancer_type=self.load_balancer_type,
            load_balancer_subnet=self.load_balancer_subnet,
        )
