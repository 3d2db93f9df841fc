"""What all machines have in common that are attached over SSH."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from azureml.core.compute._configurations import ComputeTargetAttachConfiguration
from azureml.core.compute._resources import check_place, check_provider, login, port
from azureml.core.compute.compute import ComputeTarget

if TYPE_CHECKING:
    from zaffre_sdk.wire.computes import ComputeOut


class MachineTarget(ComputeTarget):
    """A compute target where somebody logs in."""

    _REMOVED_BY = ("detach",)

    vm_size: str | None
    address: str | None
    ssh_port: int | None
    username: str | None

    def get_credentials(self) -> dict[str, Any]:
        """Return who logs in and how, in the program that attached it.

        Raises:
            ComputeTargetException: Another program did; the server tells no secrets.
        """
        return {
            "computeType": self.type,
            "administratorAccount": {
                "username": self.username,
                "password": self._secret("password"),
                "privateKeyData": self._secret("private_key"),
            },
        }

    def _details(self, found: ComputeOut) -> dict[str, Any]:
        return {
            "virtualMachineSize": found.vm_size or None,
            "address": found.settings.get("address"),
            "sshPort": found.settings.get("port"),
            "username": found.settings.get("username"),
        }

    def _take_details(self, details: dict[str, Any]) -> None:
        self.vm_size = details.get("virtualMachineSize")
        self.address, self.ssh_port = details.get("address"), details.get("sshPort")
        self.username = details.get("username")


class MachineAttachConfiguration(ComputeTargetAttachConfiguration):
    """Where somebody logs in, and how.

    Args:
        type: The word of Azure ML for it.
        **given: The arguments of the subclass, which become attributes.
    """

    _PROVIDER: ClassVar[str]
    _PARTS: ClassVar[tuple[str, ...]]
    """What its id in Azure is made of."""

    username: str
    subscription_id: str | None
    resource_group: str | None
    resource_id: str | None
    address: str | None
    ssh_port: int | str
    password: str
    private_key_file: str
    private_key_passphrase: str

    def __init__(self, type: str, **given: Any) -> None:
        super().__init__(type)
        vars(self).update(given)
        self.validate_configuration()

    def validate_configuration(self) -> None:
        """Refuse what is not named in exactly one way.

        Raises:
            ComputeTargetException: It is not.
        """
        port(self.ssh_port)
        parts = {name: getattr(self, name) for name in self._PARTS}
        check_place(self.username, self.resource_id, self.address, **parts)
        if self.resource_id:
            check_provider(self.resource_id, self._PROVIDER)

    def _place(self) -> dict[str, Any]:
        return {
            "address": self.address,
            "port": port(self.ssh_port),
            "username": self.username,
        }

    def _login(self) -> dict[str, str]:
        return login(self.password, self.private_key_file, self.private_key_passphrase)
