"""Launching: from a named program to the command that creates its process.

Rules of this file (supervisor: Programs and manifests; runtime: Compiling)
- A module is checked and compiled outside the machine; the machine only ever gets the outcome, as a command.
- A program asked for by a program is a registered one, and its asker waits; a person may name any file.
- Required authority that the policy does not give stops a launch; optional authority is left out.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from zos_core.abi import DEFAULT_MEMORY, Errno, ObjectType, valid_name
from zos_core.errors import Refused, SpawnDenied, SpawnRefused
from zos_core.kernel.process import Grant
from zos_core.kernel.transient import SpawnRequest
from zos_core.manifest import CapabilityRequest
from zos_core.policy import Policy, Rule
from zos_core.programs import ProgramSource, Registry
from zos_core.prompts import harmless
from zos_core.runtime import commands as c
from zos_core.runtime.compile import CompileJob
from zos_core.runtime.engine import Engine
from zos_core.runtime.module import ModuleKind, ModuleRefused, inspect, is_foreign
from zos_core.runtime.program import Program
from zos_core.snapshot import ProgramSummary, RequestSummary
from zos_core.wasi.directories import Directories, DirectoryGrant, same_guest

MAX_ARGUMENT = 0xFFFF
"""Bytes of one argument: its length is a u16 (abi: SYS_GET_ARGS)."""

BUNDLED = "bundled"
_OWN_STORAGE = ("", "own")


ALL_TERMINALS = 0b111


@dataclass(frozen=True, slots=True)
class Options:
    """What a person may set at a launch. Bytes and fuel; `grants` come on top of what the manifest asks for.

    `directories`, `environ` (names and values) and `terminals` (a bit for each of descriptors 0-2 that is one) are for
    WASI programs; with `stub_imports`, imports that this system does not have answer 0.
    """

    memory: int = DEFAULT_MEMORY
    fuel: int | None = None
    grants: tuple[Rule, ...] = ()
    plain: bool = False
    directories: tuple[DirectoryGrant, ...] = ()
    environ: tuple[tuple[str, str], ...] = ()
    terminals: int = ALL_TERMINALS
    stub_imports: bool = False


class Launch:
    """One program on its way: poll `done`, then read `command` or `error`."""

    def __init__(self, source: ProgramSource, job: CompileJob, command: c.Create) -> None:
        self.source, self.command = source, command
        self._job = job

    @property
    def done(self) -> bool:
        return self._job.poll()

    @property
    def elapsed_s(self) -> float:
        return self._job.elapsed_s

    @property
    def error(self) -> str | None:
        """One line when there is no program to run; known once `done`."""
        return None if self._job.error is None else f"{self.source.name}: {self._job.error}"

    def program(self) -> Program:
        """The compiled program. Waits. Raises `SpawnRefused`."""
        try:
            program = self._job.wait()
        except ModuleRefused as refused:
            raise SpawnRefused(f"{self.source.name}: {refused}") from None
        if self.error is not None:
            raise SpawnRefused(self.error)
        return program

    def cancel(self) -> None:
        self._job.cancel()


class Launcher:
    """`namespace(manifest id, origin)` numbers a program's storage."""

    def __init__(
        self, engine: Engine, registry: Registry, policy: Policy, cache: Path | None,
        namespace: Callable[[str, str], int], directories: Directories,
    ) -> None:  # fmt: skip
        self.engine, self.registry, self.policy = engine, registry, policy
        self._cache, self._namespace, self._directories = cache, namespace, directories
        self._sources: dict[bytes, ProgramSource] = {}
        self._jobs: dict[tuple[bytes, bool], CompileJob] = {}

    def by_user(self, program: str | Path | bytes, args: Sequence[str | bytes], name: str | None, options: Options,
                now_ns: int) -> Launch:  # fmt: skip
        """A launch by a person. Raises `SpawnRefused`."""
        source = self.registry.resolve(program, name)
        return self._launch(source, tuple(map(_bytes, args)), options, now_ns, None)

    def summary(self, program: str | Path) -> ProgramSummary:
        """What a program imports and asks for, without starting it. Raises `SpawnRefused`."""
        source = self.registry.resolve(program)
        imports = inspect(source.data, stubs=True).imports
        return ProgramSummary(
            name=source.name,
            title=source.manifest.name,
            description=harmless(source.manifest.description),
            size=len(source.data),
            wasi=source.kind is ModuleKind.WASI,
            bundled=source.bundled,
            imports=tuple((harmless(each.module), harmless(each.name)) for each in imports),
            foreign=tuple((harmless(each.module), harmless(each.name)) for each in imports if is_foreign(each)),
            requests=tuple(map(_summary_of, source.manifest.requests)),
        )

    def by_program(self, request: SpawnRequest, now_ns: int) -> Launch | Errno:
        """A launch that a program asked for, or the code it is answered."""
        try:
            source = self.registry.registered(request.name)
            return self._launch(source, request.args, Options(), now_ns, request)
        except SpawnDenied:
            return Errno.E_PERM
        except SpawnRefused:
            return Errno.E_NOENT

    def _launch(
        self, source: ProgramSource, args: tuple[bytes, ...], options: Options, now_ns: int,
        request: SpawnRequest | None,
    ) -> Launch:  # fmt: skip
        if not valid_name(source.name):
            raise SpawnRefused(f"{source.name!r} is not a program name")
        if any(len(arg) > MAX_ARGUMENT for arg in args):
            raise SpawnRefused(f"{source.name}: an argument is longer than {MAX_ARGUMENT} bytes")
        self._sources[source.sha256] = source
        job = self._job(source, options.stub_imports)
        plain = (source.manifest.plain_argument.encode(),) if options.plain and source.manifest.plain_argument else ()
        preopens = tuple(map(self._preopen, options.directories))
        given = zip(preopens, options.directories, strict=True)
        grants = (
            *self._manifest_grants(source, request is None, options.directories, now_ns),
            *_extra(options.grants, now_ns),
            *(Grant(ObjectType.STORAGE, preopen.object_id, each.perms) for preopen, each in given),
        )
        environ = tuple(_bytes(f"{name}={value}") for name, value in options.environ)
        setup = c.WasiSetup(environ, preopens, options.terminals)
        command = c.Create(
            name=source.name,
            module=source.sha256,
            args=(source.name.encode(), *plain, *args),
            grants=grants,
            memory_limit=options.memory,
            fuel_limit=options.fuel,
            request=request,
            wasi=setup if source.kind is ModuleKind.WASI else None,
            stubs=options.stub_imports,
        )
        return Launch(source, job, command)

    def _job(self, source: ProgramSource, stubs: bool) -> CompileJob:
        """The compiled program of this session, or one on its way."""
        job = self._jobs.get((source.sha256, stubs))
        if job is None or job.program is None:
            job = self._jobs[source.sha256, stubs] = CompileJob(self.engine, source.data, self._cache, stubs=stubs)
        return job

    def _preopen(self, given: DirectoryGrant) -> c.Preopen:
        """Raises `SpawnRefused` when there is no such directory."""
        try:
            return c.Preopen(self._directories.name(given.host), str(given.host), given.guest)
        except Refused as refused:
            raise SpawnRefused(str(refused)) from None

    def _manifest_grants(
        self, source: ProgramSource, by_user: bool, given: Sequence[DirectoryGrant], now_ns: int
    ) -> list[Grant]:
        """What the policy gives of what the manifest asks for. A directory is among those `given`, or it is not.

        Raises `SpawnDenied` when something required is missing.
        """
        grants = []
        for request in source.manifest.requests:
            if request.directory is not None:
                if request.required and not any(same_guest(each.guest, request.directory) for each in given):
                    raise SpawnDenied(
                        f"{source.name} needs the directory {request.directory}, which was not given "
                        f"(--dir HOST::{request.directory})"
                    )
                continue
            object_id = self._object_of(source, request)
            rule = self.policy.answer(request, object_id, bundled_by_user=source.bundled and by_user)
            if rule is None or object_id is None:
                if request.required:
                    kind = request.object_type.name.lower()
                    raise SpawnDenied(f"{source.name} needs {kind}:{request.object_text}, which was not granted")
                continue
            until = now_ns + rule.expires_in_ms * 1_000_000 if rule.expires_in_ms else 0
            grants.append(Grant(request.object_type, object_id, request.perms & rule.perms, until))
        return grants

    def _object_of(self, source: ProgramSource, request: CapabilityRequest) -> int | None:
        """The exact object a request means, None when it names none, or none that can be had at present."""
        if request.object_type is ObjectType.STORAGE and request.object_text in _OWN_STORAGE:
            try:
                return self.namespace_of(source)
            except Refused:
                return None
        return request.object_id

    def namespace_of(self, source: ProgramSource) -> int:
        """The storage of a program: its manifest's id, and whether it is bundled or just which bytes it is."""
        return self._namespace(source.manifest.id, BUNDLED if source.bundled else source.sha256.hex())

    def module_bytes(self, sha256: bytes) -> tuple[str, bytes]:
        """The name and the bytes of a program that was launched in this session."""
        source = self._sources[sha256]
        return source.name, source.data

    def source_of(self, program: Program) -> ProgramSource | None:
        """Where a compiled program of this session came from."""
        return self._sources.get(program.info.sha256)


def _extra(rules: Sequence[Rule], now_ns: int) -> list[Grant]:
    """What a person gives by name on top; a rule without an object only answers the manifest."""
    return [
        Grant(rule.object_type, rule.object_id, rule.perms,
              now_ns + rule.expires_in_ms * 1_000_000 if rule.expires_in_ms else 0)
        for rule in rules
        if rule.object_id is not None
    ]  # fmt: skip


def _summary_of(request: CapabilityRequest) -> RequestSummary:
    return RequestSummary(
        request.object_type, harmless(request.object_text), request.perms, request.required, harmless(request.reason),
        request.directory,
    )  # fmt: skip


def _bytes(text: str | bytes) -> bytes:
    return text if isinstance(text, bytes) else text.encode(errors="surrogateescape")
