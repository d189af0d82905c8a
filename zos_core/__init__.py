"""Zero OS, the machine: a capability microkernel whose programs are real WebAssembly.

Imports run one way: supervisor → runtime, record, wasi → axiom → kernel → abi.
"""
