;; Writes its first argument as it is, then every message of console input as a line of hexadecimal digits; exits 7 at
;; the end of input.
(module
  (import "env" "zos_syscall" (func $syscall (param i32 i32 i32 i32) (result i32)))
  (import "env" "zos_send_bytes" (func $send_bytes (param i32 i32)))
  (import "env" "zos_recv_bytes" (func $recv_bytes (param i32 i32) (result i32)))
  (memory (export "memory") 1)
  (data (i32.const 0) "0123456789abcdef")

  (func $write (param $at i32) (param $size i32)
    (call $send_bytes (local.get $at) (local.get $size))
    (drop (call $syscall (i32.const 0x07) (local.get $size) (i32.const 0) (i32.const 0))))

  ;; The digit of a number below 16, written at `to`.
  (func $digit (param $to i32) (param $value i32)
    (i32.store8 (local.get $to) (i32.load8_u (local.get $value))))

  ;; SYS_GET_ARGS answers `argc u32`, then `len u16` and the bytes of each; the first is the program's name.
  (func $first_argument (local $at i32)
    (drop (call $recv_bytes
      (i32.const 64)
      (call $syscall (i32.const 0x09) (i32.const 0) (i32.const 0) (i32.const 0))))
    (if (i32.lt_u (i32.load (i32.const 64)) (i32.const 2)) (then (return)))
    (local.set $at (i32.add (i32.const 70) (i32.load16_u (i32.const 68))))
    (call $write (i32.add (local.get $at) (i32.const 2)) (i32.load16_u (local.get $at))))

  (func (export "_start") (local $end i32) (local $from i32) (local $to i32)
    (call $first_argument)
    (loop $again
      (local.set $end (call $syscall (i32.const 0x45) (i32.const 1) (i32.const -1) (i32.const -1)))
      (if (i32.lt_s (local.get $end) (i32.const 0)) (then unreachable))
      (drop (call $recv_bytes (i32.const 64) (i32.const 4096)))
      (br_if $again (i32.ne (i32.load (i32.const 68)) (i32.const 2)))
      (if (i32.and (i32.eq (local.get $end) (i32.const 9)) (i32.eq (i32.load8_u (i32.const 72)) (i32.const 4)))
        (then (drop (call $syscall (i32.const 0x11) (i32.const 7) (i32.const 0) (i32.const 0)))))
      (local.set $end (i32.add (local.get $end) (i32.const 64)))
      (local.set $from (i32.const 72))
      (local.set $to (i32.const 8192))
      (loop $next
        (call $digit (local.get $to) (i32.shr_u (i32.load8_u (local.get $from)) (i32.const 4)))
        (call $digit
          (i32.add (local.get $to) (i32.const 1))
          (i32.and (i32.load8_u (local.get $from)) (i32.const 15)))
        (local.set $to (i32.add (local.get $to) (i32.const 2)))
        (local.set $from (i32.add (local.get $from) (i32.const 1)))
        (br_if $next (i32.lt_u (local.get $from) (local.get $end))))
      (i32.store8 (local.get $to) (i32.const 10))
      (call $write (i32.const 8192) (i32.sub (i32.add (local.get $to) (i32.const 1)) (i32.const 8192)))
      (br $again))))
