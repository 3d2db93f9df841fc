"""Keeps one endpoint as it is wanted."""

import asyncio
import logging
from dataclasses import replace
from pathlib import Path
from typing import Final, NamedTuple

from zaffre.domain.endpoints import Endpoint, EndpointError, EndpointKind, EndpointState
from zaffre.domain.scoring import key_digest, signing_secret
from zaffre.engine.endpoints.generation import Generation, GenerationOrder, Listeners, error_of
from zaffre.engine.endpoints.layout import (
    Layout,
    complete_layouts,
    folder_of,
    lay_out,
    remove_folder,
)
from zaffre.engine.endpoints.log import EndpointLog
from zaffre.engine.endpoints.parts import EndpointParts
from zaffre.ports.listeners import Listener
from zaffre.ports.replicas import ReplicaFailedError
from zaffre.services.scoring import LiveEndpoint

logger = logging.getLogger(__name__)
_SETTLED: Final = frozenset({EndpointState.HEALTHY, EndpointState.UNHEALTHY})


class Outcome(NamedTuple):
    """What became of an endpoint."""

    state: EndpointState
    error: EndpointError | None = None
    port: int | None = None


class Keeper:
    """Deploys one generation after the other; the last one that answered serves."""

    def __init__(self, parts: EndpointParts, endpoint: Endpoint, keys: tuple[str, str]) -> None:
        self._parts = parts
        self._wanted = endpoint
        self._keys = keys
        self._changed = asyncio.Event()
        self._serving: Generation | None = None
        self._listener: Listener | None = None
        # What was decided before this server began: a deployment that failed is not tried again.
        self._done = endpoint.generation if endpoint.state is EndpointState.FAILED else 0
        self._log = EndpointLog(parts.logs, endpoint.log_owner, clock=parts.clock)
        self._live = LiveEndpoint(
            endpoint.auth_mode,
            key_digests=_digests(keys),
            signing_secret=signing_secret(endpoint.id, keys),
        )
        self._live.state = "it is being deployed."
        parts.table.put(endpoint.id, self._live)
        self._task = asyncio.create_task(self._run(), name=f"endpoint {endpoint.name}")

    def want(self, endpoint: Endpoint, keys: tuple[str, str]) -> None:
        """Take note of how the endpoint is to be."""
        if (endpoint.auth_mode, keys) != (self._wanted.auth_mode, self._keys):
            self._keys = keys
            self._live.admit(
                endpoint.auth_mode,
                key_digests=_digests(keys),
                signing_secret=signing_secret(endpoint.id, keys),
            )
        if endpoint.generation != self._wanted.generation:
            self._changed.set()
        self._wanted = endpoint

    async def close(self, *, remove: bool) -> None:
        """End what runs; with `remove`, leave nothing behind."""
        parts, endpoint = self._parts, self._wanted
        parts.table.remove(endpoint.id)
        self._task.cancel()
        await asyncio.gather(self._task, return_exceptions=True)
        if self._listener is not None:
            await self._listener.close()
        if self._serving is not None:
            await self._serving.stop()
        await self._log.close()
        if remove:
            await remove_folder(parts.folder / endpoint.id)
            await parts.logs.remove(endpoint.log_owner)
        parts.logs.wake(endpoint.log_owner)

    async def _run(self) -> None:
        """Work until cancelled: what fails on the way is tried again."""
        while True:
            try:
                await self._work()
            except Exception:
                logger.exception("The keeper of endpoint %s starts again.", self._wanted.id)
            await asyncio.sleep(self._parts.limits.longest_pause)

    async def _work(self) -> None:
        if self._serving is None:
            await self._revive()
        while True:
            wanted = self._wanted
            if wanted.generation != self._done and not await self._deploy(wanted):
                # It answered before this server began, so that it will do so again, perhaps.
                await asyncio.sleep(self._parts.limits.longest_pause)
                continue
            await self._changed.wait()
            self._changed.clear()

    async def _revive(self) -> None:
        """Let the generation that served before serve, until a newer one answers."""
        wanted = self._wanted
        found = await asyncio.to_thread(complete_layouts, self._parts.folder, wanted.id)
        for folder, layout in found:
            if layout.generation == wanted.generation and self._done == 0:
                continue
            if self._serving is None and layout.generation < wanted.generation:
                await self._serve_again(wanted, layout, folder)

    async def _serve_again(self, wanted: Endpoint, layout: Layout, folder: Path) -> None:
        words = f"Generation {layout.generation} does not serve again"
        try:
            await self._open_port(wanted)
            self._serve(await self._start(wanted, layout))
        except ReplicaFailedError as error:
            self._log.say(f"{words}: {error}")
            await remove_folder(folder)
        except Exception as error:
            # A port that is taken or an index that is away says nothing of the generation: the
            # next server tries it again, and this one goes on with what is wanted now.
            self._log.say(f"{words} now: {error}")
            logger.exception("%s: endpoint %s.", words, wanted.id)

    async def _deploy(self, endpoint: Endpoint) -> bool:
        """Deploy, and tell whether that is settled: it serves, or it failed."""
        self._log.say(f"Deploying generation {endpoint.generation}.")
        try:
            await self._open_port(endpoint)
            layout = await self._lay_out(endpoint)
            generation = await self._start(endpoint, layout)
        except Exception as error:  # noqa: BLE001 (a tick of the engine: it is recorded)
            return await self._failed(endpoint, error)
        old = self._serving
        self._serve(generation)
        self._done = endpoint.generation
        self._log.say(f"Generation {endpoint.generation} answers.")
        await self._log.flush()
        port = self._listener.port if self._listener else None
        try:
            await self._settle(endpoint, Outcome(EndpointState.HEALTHY, port=port))
        finally:
            # Nobody else knows it any more: an endpoint that is closed now must not leave it.
            if old is not None:
                await old.stop()
                await remove_folder(old.folder)
        return True

    async def _failed(self, endpoint: Endpoint, error: Exception) -> bool:
        self._log.say(f"Generation {endpoint.generation} failed: {error}")
        found = error_of(error, await self._log.tail())
        if found.code == "DeploymentFailed":
            logger.error("Deploying endpoint %s failed.", endpoint.id, exc_info=error)
        if self._serving is None:
            self._live.state = f"the deployment failed with `{found.code}`."
        await self._log.flush()
        if endpoint.state in _SETTLED:
            await self._settle(endpoint, Outcome(EndpointState.UNHEALTHY, found))
            return False
        self._done = endpoint.generation
        await self._settle(endpoint, Outcome(EndpointState.FAILED, found))
        folder = folder_of(self._parts.folder, endpoint.id, endpoint.generation)
        await remove_folder(folder)
        return True

    async def _open_port(self, endpoint: Endpoint) -> None:
        if endpoint.kind is not EndpointKind.LOCAL:
            return
        listener = self._listener
        if listener is not None and endpoint.port in {None, listener.port}:
            return
        self._listener = await self._parts.listeners.open(endpoint.id, endpoint.port)
        if listener is not None:
            await listener.close()

    async def _lay_out(self, endpoint: Endpoint) -> Layout:
        contents = await self._parts.work.read(lambda s: s.endpoints.contents(endpoint))
        folder = folder_of(self._parts.folder, endpoint.id, endpoint.generation)
        return await lay_out(self._parts.blobs, endpoint, contents, folder=folder)

    async def _start(self, endpoint: Endpoint, layout: Layout) -> Generation:
        parts = self._parts
        built = await parts.builder.build(layout.spec.environment, self._log.say)
        environment = layout.spec.environment
        variables = {**built.variables, **environment.variables}
        order = GenerationOrder(
            endpoint_id=endpoint.id,
            name=endpoint.name,
            number=layout.generation,
            spec=replace(layout.spec, environment=replace(environment, variables=variables)),
            folder=folder_of(parts.folder, endpoint.id, layout.generation),
            model_dir=layout.model_dir,
            python=built.python,
        )

        async def healthy(error: EndpointError | None) -> None:
            state = EndpointState.HEALTHY if error is None else EndpointState.UNHEALTHY
            await self._record(endpoint, Outcome(state, error))

        listeners = Listeners(changed=self._show_replicas, healthy=healthy)
        generation = Generation(
            parts.replicas, order, log=self._log, limits=parts.limits, listeners=listeners
        )
        await generation.start()
        return generation

    def _serve(self, generation: Generation) -> None:
        self._serving = generation
        self._live.state = "its replicas are being started again."
        self._show_replicas()

    def _show_replicas(self) -> None:
        if self._serving is not None:
            self._live.replicas = self._serving.replicas

    async def _settle(self, endpoint: Endpoint, outcome: Outcome) -> None:
        """Record how a deployment ended, however long the database refuses."""
        while True:
            try:
                return await self._record(endpoint, outcome)
            except Exception:
                logger.exception("The state of endpoint %s was not kept.", endpoint.id)
            await asyncio.sleep(self._parts.limits.longest_pause)

    async def _record(self, endpoint: Endpoint, outcome: Outcome) -> None:
        state, error, port = outcome
        await self._parts.work.write(
            lambda s: s.endpoints.record(endpoint, state, error=error, port=port)
        )


def _digests(keys: tuple[str, str]) -> tuple[bytes, bytes]:
    primary, secondary = keys
    return key_digest(primary), key_digest(secondary)
