;; Imports a shared memory, as programs of the public origin do, and uses an atomic in it.
(module
  (import "env" "zos_syscall" (func $syscall (param i32 i32 i32 i32) (result i32)))
  (import "env" "zos_send_bytes" (func $send_bytes (param i32 i32)))
  (import "env" "memory" (memory 1 16 shared))
  (data (i32.const 0) "shared\n")

  (func (export "_start")
    (drop (i32.atomic.rmw.add (i32.const 1024) (i32.const 5)))
    (call $send_bytes (i32.const 0) (i32.const 7))
    (drop (call $syscall (i32.const 0x07) (i32.const 7) (i32.const 0) (i32.const 0)))
    (drop (call $syscall (i32.const 0x11) (i32.atomic.load (i32.const 1024)) (i32.const 0) (i32.const 0)))))
