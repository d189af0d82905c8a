;; Writes every message of console input back as it came, and exits 7 at the end of input.
;; Uses all five imports: it gives up the processor once and looks at its own process id before it reads.
(module
  (import "env" "zos_syscall" (func $syscall (param i32 i32 i32 i32) (result i32)))
  (import "env" "zos_send_bytes" (func $send_bytes (param i32 i32)))
  (import "env" "zos_recv_bytes" (func $recv_bytes (param i32 i32) (result i32)))
  (import "env" "zos_yield" (func $yield))
  (import "env" "zos_get_pid" (func $get_pid (result i32)))
  (memory (export "memory") 1)

  (func (export "_start") (local $size i32)
    (call $yield)
    (if (i32.le_u (call $get_pid) (i32.const 2)) (then unreachable))
    (loop $again
      ;; SYS_RECEIVE_WAIT on slot 1, for ever; then the message: from_pid u32, tag u32, payload.
      (local.set $size (call $syscall (i32.const 0x45) (i32.const 1) (i32.const -1) (i32.const -1)))
      (if (i32.lt_s (local.get $size) (i32.const 0)) (then unreachable))
      (drop (call $recv_bytes (i32.const 0) (i32.const 4096)))
      ;; MSG_CONSOLE_INPUT and nothing else.
      (br_if $again (i32.ne (i32.load (i32.const 4)) (i32.const 2)))
      (if (i32.and (i32.eq (local.get $size) (i32.const 9)) (i32.eq (i32.load8_u (i32.const 8)) (i32.const 4)))
        (then (drop (call $syscall (i32.const 0x11) (i32.const 7) (i32.const 0) (i32.const 0)))))
      (call $send_bytes (i32.const 8) (i32.sub (local.get $size) (i32.const 8)))
      (drop (call $syscall (i32.const 0x07) (i32.sub (local.get $size) (i32.const 8)) (i32.const 0) (i32.const 0)))
      (br $again))))
