"""Sizes of virtual machines: how many cores, and how much memory, a node of that name has.

The numbers are those that Azure documents for each size, so that what fits there fits here.
"""

import re
from dataclasses import dataclass
from typing import Final

from zaffre.base.text import closest, shown
from zaffre.domain.errors import InvalidError

_GB: Final = 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class VmSize:
    """A size of node."""

    name: str
    cores: int
    memory_mb: int
    gpus: int = 0


# name, cores, memory in GB, GPUs
_KNOWN: Final = """
Standard_A1_v2 1 2 0|Standard_A2_v2 2 4 0|Standard_A4_v2 4 8 0|Standard_A8_v2 8 16 0
Standard_A2m_v2 2 16 0|Standard_A4m_v2 4 32 0|Standard_A8m_v2 8 64 0
Standard_D1 1 3.5 0|Standard_D2 2 7 0|Standard_D3 4 14 0|Standard_D4 8 28 0
Standard_D11 2 14 0|Standard_D12 4 28 0|Standard_D13 8 56 0|Standard_D14 16 112 0
Standard_D1_v2 1 3.5 0|Standard_D2_v2 2 7 0|Standard_D3_v2 4 14 0|Standard_D4_v2 8 28 0
Standard_D5_v2 16 56 0|Standard_D11_v2 2 14 0|Standard_D12_v2 4 28 0|Standard_D13_v2 8 56 0
Standard_D14_v2 16 112 0|Standard_D15_v2 20 140 0
Standard_DS1_v2 1 3.5 0|Standard_DS2_v2 2 7 0|Standard_DS3_v2 4 14 0|Standard_DS4_v2 8 28 0
Standard_DS5_v2 16 56 0|Standard_DS11_v2 2 14 0|Standard_DS12_v2 4 28 0
Standard_DS13_v2 8 56 0|Standard_DS14_v2 16 112 0|Standard_DS15_v2 20 140 0
Standard_D2_v3 2 8 0|Standard_D4_v3 4 16 0|Standard_D8_v3 8 32 0|Standard_D16_v3 16 64 0
Standard_D32_v3 32 128 0|Standard_D48_v3 48 192 0|Standard_D64_v3 64 256 0
Standard_D2s_v3 2 8 0|Standard_D4s_v3 4 16 0|Standard_D8s_v3 8 32 0|Standard_D16s_v3 16 64 0
Standard_D32s_v3 32 128 0|Standard_D48s_v3 48 192 0|Standard_D64s_v3 64 256 0
Standard_D2s_v4 2 8 0|Standard_D4s_v4 4 16 0|Standard_D8s_v4 8 32 0
Standard_D2s_v5 2 8 0|Standard_D4s_v5 4 16 0|Standard_D8s_v5 8 32 0
Standard_E2_v3 2 16 0|Standard_E4_v3 4 32 0|Standard_E8_v3 8 64 0|Standard_E16_v3 16 128 0
Standard_E32_v3 32 256 0|Standard_E64_v3 64 432 0
Standard_E2s_v3 2 16 0|Standard_E4s_v3 4 32 0|Standard_E8s_v3 8 64 0
Standard_E16s_v3 16 128 0|Standard_E32s_v3 32 256 0|Standard_E64s_v3 64 432 0
Standard_E4ds_v4 4 32 0|Standard_E8ds_v4 8 64 0
Standard_F2s_v2 2 4 0|Standard_F4s_v2 4 8 0|Standard_F8s_v2 8 16 0|Standard_F16s_v2 16 32 0
Standard_F32s_v2 32 64 0|Standard_F64s_v2 64 128 0|Standard_F72s_v2 72 144 0
Standard_H8 8 56 0|Standard_H16 16 112 0|Standard_M64s 64 1024 0|Standard_M128s 128 2048 0
Standard_NC6 6 56 1|Standard_NC12 12 112 2|Standard_NC24 24 224 4|Standard_NC24r 24 224 4
Standard_NC6s_v2 6 112 1|Standard_NC12s_v2 12 224 2|Standard_NC24s_v2 24 448 4
Standard_NC6s_v3 6 112 1|Standard_NC12s_v3 12 224 2|Standard_NC24s_v3 24 448 4
Standard_NC24rs_v3 24 448 4|Standard_NC4as_T4_v3 4 28 1|Standard_NC8as_T4_v3 8 56 1
Standard_NC16as_T4_v3 16 110 1|Standard_NC64as_T4_v3 64 440 4
Standard_NC24ads_A100_v4 24 220 1|Standard_NC48ads_A100_v4 48 440 2
Standard_NC96ads_A100_v4 96 880 4|Standard_ND6s 6 112 1|Standard_ND12s 12 224 2
Standard_ND24s 24 448 4|Standard_ND40rs_v2 40 672 8|Standard_ND96asr_v4 96 900 8
Standard_NV6 6 56 1|Standard_NV12 12 112 2|Standard_NV24 24 224 4
Standard_NV12s_v3 12 112 1|Standard_NV24s_v3 24 224 2|Standard_NV48s_v3 48 448 4
"""


def _sizes() -> dict[str, VmSize]:
    found = {}
    for entry in _KNOWN.replace("\n", "|").split("|"):
        if entry:
            name, cores, memory, gpus = entry.split()
            found[name.lower()] = VmSize(
                name=name, cores=int(cores), memory_mb=int(float(memory) * _GB), gpus=int(gpus)
            )
    return found


VM_SIZES: Final = _sizes()


# Sizes come and go: in newer names the first number counts the cores, and the family tells how
# much memory a core has.
_NAMED: Final = re.compile(
    r"standard_(?P<family>[a-z])[a-z]{0,9}(?P<cores>\d{1,3})[a-z0-9_-]{0,40}", re.IGNORECASE
)
_GB_PER_CORE: Final = {"b": 4, "d": 4, "e": 8, "f": 2, "l": 8, "m": 16, "n": 8}


def vm_size(name: str) -> VmSize:
    """Return the size of that name, whatever its case.

    Raises:
        InvalidError: `VmSizeUnknown`, with a name that is near.
    """
    found = VM_SIZES.get(name.lower()) or _guessed(name)
    if found is None:
        near = closest(name, [size.name for size in VM_SIZES.values()])
        raise InvalidError(
            "VmSizeUnknown",
            f"There is no size {shown(name)} of virtual machine.",
            target="vm_size",
            hint=(f"Did you mean {shown(near)}? " if near else "")
            + "`AmlCompute.supported_vmsizes(ws)` lists them.",
        )
    return found


def _guessed(name: str) -> VmSize | None:
    match = _NAMED.fullmatch(name)
    per_core = match and _GB_PER_CORE.get(match["family"].lower())
    if not match or not per_core or not int(match["cores"]):
        return None
    cores = int(match["cores"])
    gpus = 1 if match["family"].lower() == "n" else 0
    return VmSize(name=name, cores=cores, memory_mb=cores * per_core * _GB, gpus=gpus)
