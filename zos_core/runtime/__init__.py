"""Running programs: wasm modules as fibers of one Python thread.

Glossary
- **engine**     the wasmtime compiler and its settings; one a process of Python (`engine`).
- **module**     a guest's bytes: read and checked (`module`), its memory made its own (`rewrite`).
- **program**    a checked, compiled module, ready for thousands of instances (`program`, `compile`, `cache`).
- **shim**       a small wasm module between guest and host that can ask the host again (`shim`).
- **fiber**      one running instance of a program: it runs a slice at a time and can be killed (`fiber`).
- **slice**      what one `Fiber.resume` runs: until its fuel is used up, it waits, or it ends.
- **claim**      a pointer and a length from a guest: unusable until `GuestMemory` has checked them (`memory`).

Imports run one way: `capi` and `reserve` ← `hostcalls` ← `allocators` ← `engine` ← `program` ← `compile`, `fiber`.
Only one thread may run fibers, and a fiber never resumes another.
"""
