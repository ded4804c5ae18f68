"""The HTTP side: tokens, objects, logs that follow, and commands in containers over WebSocket."""

import asyncio
import json
import threading
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route, WebSocketRoute
from starlette.websockets import WebSocket, WebSocketDisconnect

from tests.support.kubernetes.kubelet import Kubelet, container_name
from tests.support.kubernetes.objects import KINDS, Object, Refusal, Store
from tests.support.kubernetes.podman import Podman

TOKEN = "k8s-t0ken-of-tests"


@dataclass
class Cluster:
    """A cluster on loopback. `requests`: method and path of each."""

    kubelet: Kubelet
    port: int = 0
    requests: list[str] = field(default_factory=list)
    faults: list[tuple[str, int]] = field(default_factory=list)  # (part of a path, code), once each
    bodies: list[str] = field(default_factory=list)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def store(self) -> Store:
        return self.kubelet.store

    def write_kubeconfig(self, path: Path, token: str = TOKEN) -> Path:
        config = {
            "apiVersion": "v1",
            "kind": "Config",
            "current-context": "test",
            "clusters": [{"name": "test", "cluster": {"server": self.url}}],
            "users": [{"name": "test", "user": {"token": token}}],
            "contexts": [{"name": "test", "context": {"cluster": "test", "user": "test"}}],
        }
        path.write_text(json.dumps(config))
        path.chmod(0o600)
        return path

    # Requests

    async def version(self, request: Request) -> Response:
        return JSONResponse({"major": "1", "minor": "33", "gitVersion": "v1.33.0"})

    async def objects(self, request: Request) -> Response:
        return await self._answered(request, self._objects)

    async def one(self, request: Request) -> Response:
        return await self._answered(request, self._one)

    async def log(self, request: Request) -> Response:
        return await self._answered(request, self._log)

    async def _answered(self, request: Request, answer: Any) -> Response:
        self.requests.append(f"{request.method} {request.url.path}")
        try:
            self._check(request)
            body = await request.body()
            self.bodies.append(body.decode(errors="replace"))
            result = await answer(request, body)
        except Refusal as refusal:
            return JSONResponse(refusal.status(), refusal.code)
        if isinstance(result, Response):
            return result
        return JSONResponse(_public(result), 201 if request.method == "POST" else 200)

    def _check(self, request: Request) -> None:
        for fault in self.faults:
            if fault[0] in f"{request.method} {request.url.path}":
                self.faults.remove(fault)
                raise Refusal(fault[1], "InternalError", "a fault of the test")
        if request.headers.get("authorization") != f"Bearer {TOKEN}":
            raise Refusal(401, "Unauthorized", "Unauthorized")

    async def _objects(self, request: Request, body: bytes) -> Any:
        kind = _kind(request)
        namespace = request.path_params.get("namespace", "")
        with self.kubelet.lock:
            if request.method == "POST":
                return self._create(kind, namespace, _json(body))
            selector = request.query_params.get("labelSelector", "")
            where = namespace if kind == "namespaces" or namespace else None
            items = list(self.store.select(kind, where, selector))
        version, name = KINDS[kind]
        metadata = {"resourceVersion": str(self.store.version)}
        public = [_public(item) for item in items]
        return {"apiVersion": version, "kind": f"{name}List", "metadata": metadata, "items": public}

    def _create(self, kind: str, namespace: str, body: Object) -> Object:
        if kind == "pods":
            return self.kubelet.create_pod(namespace, body)
        created = self.store.create(kind, "" if kind == "namespaces" else namespace, body)
        if kind == "namespaces":
            created["status"] = {"phase": "Active"}
        return created

    async def _one(self, request: Request, body: bytes) -> Any:
        kind, name = _kind(request), request.path_params["name"]
        namespace = request.path_params.get("namespace", "")
        with self.kubelet.lock:
            found = self.store.get(kind, namespace, name)
            if request.method == "PATCH":
                _merge(found, _json(body))
                self.store.touch(found)
                return found
            if request.method == "GET":
                return found
        return await asyncio.to_thread(self._delete, kind, namespace, found, request, body)

    def _delete(
        self, kind: str, namespace: str, found: Object, request: Request, body: bytes
    ) -> Object:
        options = _json(body) if body else {}
        policy = request.query_params.get("propagationPolicy") or options.get("propagationPolicy")
        if kind == "namespaces":
            found["status"]["phase"] = "Terminating"
            return found
        if kind == "pods":
            self.kubelet.delete_pod(found)
            return found
        # A Job that is deleted without a policy leaves its pods behind: batch/v1 orphans them.
        if kind == "jobs" and policy in ("Background", "Foreground"):
            self.kubelet.delete_pods(found)
        with self.kubelet.lock:
            self.store.remove(kind, namespace, found["metadata"]["name"])
        return {"kind": "Status", "apiVersion": "v1", "status": "Success"}

    async def _log(self, request: Request, body: bytes) -> Response:
        pod, container = self._container(request)
        arguments = ["logs"]
        if request.query_params.get("follow") == "true":
            arguments.append("--follow")
        if request.query_params.get("timestamps") == "true":
            arguments.append("--timestamps")
        process = self.kubelet.podman.start(*arguments, f"{container_name(pod)}-{container}")
        return StreamingResponse(_lines(process), media_type="text/plain")

    def _container(self, request: Any) -> tuple[Object, str]:
        namespace, name = request.path_params["namespace"], request.path_params["name"]
        with self.kubelet.lock:
            pod = self.store.get("pods", namespace, name)
        names = [container["name"] for container in pod["spec"]["containers"]]
        container = request.query_params.get("container", "")
        if container not in names:
            why = f"a container name must be specified for pod {name}, choose one of: {names}"
            raise Refusal(400, "BadRequest", why)
        if pod["status"]["phase"] == "Pending":
            why = f'container "{container}" in pod "{name}" is waiting to start'
            raise Refusal(400, "BadRequest", why)
        return pod, container

    async def execute(self, socket: WebSocket) -> None:
        """Run a command in a container: channels 0 to 3 of v4.channel.k8s.io."""
        self.requests.append(f"EXEC {socket.url.path}")
        if socket.headers.get("authorization") != f"Bearer {TOKEN}":
            await socket.close(4401)
            return
        try:
            pod, container = self._container(socket)
        except Refusal:
            await socket.close(4404)
            return
        await socket.accept(subprotocol="v4.channel.k8s.io")
        words = socket.query_params.getlist("command")
        command = [*self.kubelet.podman.command, "exec", "-i"]
        process = await asyncio.create_subprocess_exec(
            *command,
            f"{container_name(pod)}-{container}",
            *words,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            env=self.kubelet.podman.environment,
        )
        feeding = asyncio.create_task(_feed(socket, process))
        await asyncio.gather(_send(socket, 1, process.stdout), _send(socket, 2, process.stderr))
        code = await process.wait()
        feeding.cancel()
        await socket.send_bytes(b"\x03" + json.dumps(_exec_status(code)).encode())
        await socket.close()


async def _feed(socket: WebSocket, process: asyncio.subprocess.Process) -> None:
    assert process.stdin is not None
    try:
        while True:
            message = await socket.receive()
            if message["type"] == "websocket.disconnect":
                break
            data = message.get("bytes") or (message.get("text") or "").encode()
            if data[:1] == b"\x00" and not process.stdin.is_closing():
                process.stdin.write(data[1:])
                await process.stdin.drain()
    except (WebSocketDisconnect, ConnectionError, RuntimeError):
        pass
    if process.returncode is None:
        process.kill()


async def _send(socket: WebSocket, channel: int, stream: asyncio.StreamReader | None) -> None:
    assert stream is not None
    while data := await stream.read(32768):
        try:
            await socket.send_bytes(bytes([channel]) + data)
        except (WebSocketDisconnect, RuntimeError):
            return


async def _lines(process: Any) -> AsyncIterator[bytes]:
    try:
        while data := await asyncio.to_thread(process.stdout.read1, 65536):
            yield data
    finally:
        process.kill()
        process.wait()
        process.stdout.close()


def _exec_status(code: int) -> Object:
    if code == 0:
        return {"metadata": {}, "status": "Success"}
    cause = {"reason": "ExitCode", "message": str(code)}
    return {"status": "Failure", "reason": "NonZeroExitCode", "details": {"causes": [cause]}}


def _kind(request: Request) -> str:
    kind = request.path_params.get("kind", "namespaces")
    if kind not in KINDS:
        raise Refusal(404, "NotFound", "the server could not find the requested resource")
    group = KINDS[kind][0]
    prefix = "/api/v1/" if group == "v1" else f"/apis/{group}/"
    if not request.url.path.startswith(prefix):
        raise Refusal(404, "NotFound", "the server could not find the requested resource")
    return str(kind)


def _json(body: bytes) -> Object:
    try:
        value = json.loads(body)
    except ValueError as error:
        raise Refusal(400, "BadRequest", str(error)) from None
    assert isinstance(value, dict)
    return value


def _merge(into: Object, patch: Object) -> None:
    for key, value in patch.items():
        if isinstance(value, dict) and isinstance(into.get(key), dict):
            _merge(into[key], value)
        elif value is None:
            into.pop(key, None)
        else:
            into[key] = value


def _public(value: Any) -> Any:
    """Without what the kubelet notes for itself."""
    if isinstance(value, dict):
        return {key: _public(one) for key, one in value.items() if not key.startswith("_")}
    return [_public(one) for one in value] if isinstance(value, list) else value


def _application(cluster: Cluster) -> Starlette:
    many, one = ["GET", "POST"], ["GET", "PATCH", "DELETE"]
    pod = "/api/v1/namespaces/{namespace}/pods/{name}"
    routes: list[Any] = [
        Route("/version", cluster.version),
        Route("/version/", cluster.version),
        Route("/api/v1/namespaces", cluster.objects, methods=many),
        Route("/api/v1/namespaces/{name}", cluster.one, methods=one),
        Route(f"{pod}/log", cluster.log),
        WebSocketRoute(f"{pod}/exec", cluster.execute),
    ]
    for base in ("/api/v1", "/apis/batch/v1", "/apis/networking.k8s.io/v1"):
        inside = f"{base}/namespaces/{{namespace}}/{{kind}}"
        routes.append(Route(inside, cluster.objects, methods=many))
        routes.append(Route(f"{inside}/{{name}}", cluster.one, methods=one))
        routes.append(Route(f"{base}/{{kind}}", cluster.objects, methods=["GET"]))
    return Starlette(routes=routes)


@contextmanager
def cluster_at(folder: Path) -> Iterator[Cluster]:
    """Run a cluster with its containers below `folder`; nothing of it is left at the end."""
    podman = Podman(folder)
    podman.prepare()
    kubelet = Kubelet(Store(), podman)
    cluster = Cluster(kubelet)
    config = uvicorn.Config(_application(cluster), port=0, log_level="warning", lifespan="off")
    server = uvicorn.Server(config)
    threads = [
        threading.Thread(target=server.run, daemon=True),
        threading.Thread(target=kubelet.run, daemon=True),
    ]
    for thread in threads:
        thread.start()
    while not server.started:
        threading.Event().wait(0.01)
    cluster.port = server.servers[0].sockets[0].getsockname()[1]
    try:
        yield cluster
    finally:
        kubelet.ended.set()
        server.should_exit = True
        for thread in threads:
            thread.join(10)
        podman.close()
