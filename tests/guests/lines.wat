;; A shell that expects whole lines: shows each message of console input between brackets, polls as published programs
;; do, and exits 0 at "exit" or at the end of input.
(module
  (import "env" "zos_syscall" (func $syscall (param i32 i32 i32 i32) (result i32)))
  (import "env" "zos_send_bytes" (func $send_bytes (param i32 i32)))
  (import "env" "zos_recv_bytes" (func $recv_bytes (param i32 i32) (result i32)))
  (import "env" "zos_yield" (func $yield))
  (memory (export "memory") 1)
  (data (i32.const 0) "exit\n[]")

  (func $write (param $at i32) (param $size i32)
    (call $send_bytes (local.get $at) (local.get $size))
    (drop (call $syscall (i32.const 0x07) (local.get $size) (i32.const 0) (i32.const 0))))

  (func $exit
    (drop (call $syscall (i32.const 0x11) (i32.const 0) (i32.const 0) (i32.const 0))))

  (func (export "_start") (local $size i32)
    (loop $again
      ;; SYS_RECEIVE on slot 1.
      (local.set $size (call $syscall (i32.const 0x41) (i32.const 1) (i32.const 0) (i32.const 0)))
      (if (i32.le_s (local.get $size) (i32.const 8)) (then (call $yield) (br $again)))
      (drop (call $recv_bytes (i32.const 64) (i32.const 4096)))
      (br_if $again (i32.ne (i32.load (i32.const 68)) (i32.const 2)))
      (local.set $size (i32.sub (local.get $size) (i32.const 8)))
      (if (i32.and (i32.eq (local.get $size) (i32.const 1)) (i32.eq (i32.load8_u (i32.const 72)) (i32.const 4)))
        (then (call $exit)))
      (if (i32.and
            (i32.eq (local.get $size) (i32.const 5))
            (i32.and
              (i32.eq (i32.load (i32.const 72)) (i32.load (i32.const 0)))
              (i32.eq (i32.load8_u (i32.const 76)) (i32.const 10))))
        (then (call $exit)))
      (call $write (i32.const 5) (i32.const 1))
      (call $write (i32.const 72) (local.get $size))
      (call $write (i32.const 6) (i32.const 1))
      (br $again))))
