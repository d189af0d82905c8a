;; Writes 64 bytes of "y" without end and never reads.
(module
  (import "env" "zos_syscall" (func $syscall (param i32 i32 i32 i32) (result i32)))
  (import "env" "zos_send_bytes" (func $send_bytes (param i32 i32)))
  (memory (export "memory") 1)

  (func (export "_start")
    (memory.fill (i32.const 0) (i32.const 121) (i32.const 63))
    (i32.store8 (i32.const 63) (i32.const 10))
    (loop $again
      (call $send_bytes (i32.const 0) (i32.const 64))
      (drop (call $syscall (i32.const 0x07) (i32.const 64) (i32.const 0) (i32.const 0)))
      (br $again))))
