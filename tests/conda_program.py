"""Makes conda environments with the solver of pixi, told as micromamba is.

Started as a script by a Python that has `py-rattler`.
"""

import argparse
import asyncio
import os
import sys
from pathlib import Path

import rattler


def channels_of(names):
    """Return the channels, by the names that the settings give to folders."""
    folders = dict(line.strip().split(": ", 1) for line in lines_of(os.environ["CONDARC"]))
    return [rattler.Channel(f"{folders[one]}/{one}" if one in folders else one) for one in names]


async def solved(channels, specs):
    """Return what is to be installed."""
    return await rattler.solve(
        channels,
        [rattler.MatchSpec(spec, strict=False) for spec in specs],
        platforms=["linux-64", "noarch"],
        virtual_packages=rattler.VirtualPackage.detect(),
    )


def lines_of(file):
    """Return the lines behind the first."""
    return Path(file).read_text().splitlines()[1:]


async def listed(file):
    """Return the packages that a file names by their addresses."""
    records = []
    for line in lines_of(file):
        url, _, md5 = line.partition("#")
        channel = rattler.Channel(url.rsplit("/", 2)[0])
        name, version, build = url.rsplit("/", 1)[1].removesuffix(".tar.bz2").rsplit("-", 2)
        found = await solved([channel], [f"{name}=={version}={build}", "python"])
        records += [one for one in found if one.url == url and one.md5.hex() == md5]
        if not records or records[-1].url != url:
            raise SystemExit(f"error    libmamba Download error (22) not there [{url}]")
    return records


async def main():
    """Do what is asked on the command line."""
    parser = argparse.ArgumentParser()
    parser.add_argument("command", choices=["create"])
    parser.add_argument("--yes", action="store_true")
    parser.add_argument("--override-channels", action="store_true")
    parser.add_argument("--channel", action="append", default=[])
    parser.add_argument("--prefix", required=True)
    parser.add_argument("--file")
    parser.add_argument("specs", nargs="*")
    asked = parser.parse_intermixed_args()
    try:
        if asked.file:
            records = await listed(asked.file)
        else:
            records = await solved(channels_of(asked.channel), asked.specs)
    except rattler.exceptions.SolverError as error:
        raise SystemExit(str(error)) from error
    await rattler.install(records, target_prefix=asked.prefix, show_progress=False)
    sys.stdout.writelines(f"{record.url}\n" for record in records)


if __name__ == "__main__":
    if sys.argv[1:] == ["--version"]:
        sys.stdout.write("1.5.8\n")
    else:
        asyncio.run(main())
        sys.stdout.flush()
        os._exit(0)  # Its threads sometimes crash a Python that ends in order.
