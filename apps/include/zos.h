/* The system-call ABI of Zero OS for programs in C.
 *
 * Every ZOS_ number is the one of the same name in zos-process/src/abi.rs; a test compares both with the host's table.
 * The imports are the five functions every program links; the rest are small helpers with no state but the machine's.
 *
 *     clang --target=wasm32 -nostdlib -O2 -Wl,--no-entry -Wl,--export=_start -o hello.wasm hello.c
 *
 *     #include "zos.h"
 *     void _start(void) { zos_console_write("hello\n", 6); zos_exit(0); }
 */
#ifndef ZOS_H
#define ZOS_H

#include <stddef.h>
#include <stdint.h>

/* Error codes (abi: Result conventions). */
#define ZOS_E_OK 0u
#define ZOS_E_PERM 1u
#define ZOS_E_NOENT 2u
#define ZOS_E_INVAL 3u
#define ZOS_E_NOSYS 4u
#define ZOS_E_AGAIN 5u
#define ZOS_E_NOMEM 6u
#define ZOS_E_BADF 7u
#define ZOS_E_BUSY 8u
#define ZOS_E_EXIST 9u
#define ZOS_E_OVERFLOW 10u

/* Set in a *value* result that carries an error code. */
#define ZOS_ERROR_BIT 0x80000000u

/* System calls (abi: System calls). */
#define ZOS_SYS_DEBUG 0x01u
#define ZOS_SYS_GET_TIME 0x02u
#define ZOS_SYS_GET_PID 0x03u
#define ZOS_SYS_LIST_CAPS 0x04u
#define ZOS_SYS_LIST_PROCS 0x05u
#define ZOS_SYS_GET_WALLCLOCK 0x06u
#define ZOS_SYS_CONSOLE_WRITE 0x07u
#define ZOS_SYS_RANDOM 0x08u
#define ZOS_SYS_GET_ARGS 0x09u
#define ZOS_SYS_THREAD_CREATE 0x10u
#define ZOS_SYS_EXIT 0x11u
#define ZOS_SYS_YIELD 0x12u
#define ZOS_SYS_SLEEP 0x13u
#define ZOS_SYS_THREAD_JOIN 0x14u
#define ZOS_SYS_SPAWN 0x15u
#define ZOS_SYS_KILL 0x16u
#define ZOS_SYS_MMAP 0x20u
#define ZOS_SYS_MUNMAP 0x21u
#define ZOS_SYS_MPROTECT 0x22u
#define ZOS_SYS_CAP_GRANT 0x30u
#define ZOS_SYS_CAP_REVOKE 0x31u
#define ZOS_SYS_CAP_DELETE 0x32u
#define ZOS_SYS_CAP_INSPECT 0x33u
#define ZOS_SYS_CAP_DERIVE 0x34u
#define ZOS_SYS_EP_CREATE 0x35u
#define ZOS_SYS_SEND 0x40u
#define ZOS_SYS_RECEIVE 0x41u
#define ZOS_SYS_CALL 0x42u
#define ZOS_SYS_REPLY 0x43u
#define ZOS_SYS_SEND_CAP 0x44u
#define ZOS_SYS_RECEIVE_WAIT 0x45u
#define ZOS_SYS_RECEIVED_CAPS 0x46u
#define ZOS_SYS_STORAGE_READ 0x70u
#define ZOS_SYS_STORAGE_WRITE 0x71u
#define ZOS_SYS_STORAGE_DELETE 0x72u
#define ZOS_SYS_STORAGE_LIST 0x73u

/* Object types (seed: Object Types). */
#define ZOS_OBJECT_ENDPOINT 1u
#define ZOS_OBJECT_CONSOLE 2u
#define ZOS_OBJECT_STORAGE 3u
#define ZOS_OBJECT_NETWORK 4u
#define ZOS_OBJECT_PROCESS 5u
#define ZOS_OBJECT_MEMORY 6u

/* Object id of the process factory: a Process capability on it starts programs. */
#define ZOS_FACTORY 0u

/* Permission bits (seed: Permission Bits). */
#define ZOS_PERM_READ 1u
#define ZOS_PERM_WRITE 2u
#define ZOS_PERM_GRANT 4u
#define ZOS_PERM_ALL 7u

/* Process states (kernel: Processes). */
#define ZOS_STATE_RUNNING 0u
#define ZOS_STATE_WAITING 1u
#define ZOS_STATE_EXITED 2u

/* Why a capability went (seed: Revocation Notifications). */
#define ZOS_REVOKED_EXPLICIT 1u
#define ZOS_REVOKED_EXPIRED 2u
#define ZOS_REVOKED_SOURCE_EXITED 3u

/* How a process ended (abi: Messages from the system). */
#define ZOS_ENDED_EXITED 0u
#define ZOS_ENDED_KILLED 1u
#define ZOS_ENDED_FAULTED 2u

/* Well-known processes. */
#define ZOS_PID_SUPERVISOR 0u
#define ZOS_PID_INIT 1u
#define ZOS_PID_PERMISSION 2u

/* Well-known slots at spawn (kernel: Capabilities). */
#define ZOS_SLOT_OWN_ENDPOINT 0u
#define ZOS_SLOT_INPUT 1u
#define ZOS_SLOT_INIT 2u
#define ZOS_SLOT_PERMISSION 3u

/* Flags of SYS_SPAWN. */
#define ZOS_SPAWN_SHARE_CONSOLE 1u
#define ZOS_SPAWN_LEND_INPUT 2u

/* Message tags (abi: Messages from the system, Messages between processes). */
#define ZOS_MSG_CONSOLE_INPUT 0x0002u
#define ZOS_MSG_REGISTER_SERVICE 0x1000u
#define ZOS_MSG_LOOKUP_SERVICE 0x1001u
#define ZOS_MSG_LOOKUP_RESPONSE 0x1002u
#define ZOS_MSG_SPAWN_SERVICE 0x1003u
#define ZOS_MSG_SPAWN_RESPONSE 0x1004u
#define ZOS_MSG_SERVICE_READY 0x1005u
#define ZOS_MSG_GRANT_PERMISSION 0x1010u
#define ZOS_MSG_REVOKE_PERMISSION 0x1011u
#define ZOS_MSG_LIST_PERMISSIONS 0x1012u
#define ZOS_MSG_PERMISSION_RESPONSE 0x1013u
#define ZOS_MSG_APP_STATE 0x2000u
#define ZOS_MSG_APP_INPUT 0x2001u
#define ZOS_MSG_UI_READY 0x2002u
#define ZOS_MSG_APP_FOCUS 0x2003u
#define ZOS_MSG_APP_ERROR 0x2004u
#define ZOS_MSG_REQUEST_CAPABILITY 0x2010u
#define ZOS_MSG_REVOKE_CAPABILITY 0x2011u
#define ZOS_MSG_LIST_MY_CAPS 0x2012u
#define ZOS_MSG_CAPABILITY_RESPONSE 0x2013u
#define ZOS_MSG_CAPS_LIST_RESPONSE 0x2014u
#define ZOS_MSG_PROMPT 0x2015u
#define ZOS_MSG_PROMPT_ANSWER 0x2016u
#define ZOS_MSG_CAP_REVOKED 0x3010u
#define ZOS_MSG_PROCESS_EXITED 0x3011u

/* Input bytes with a meaning (kernel: Console). */
#define ZOS_INTERRUPT 0x03u
#define ZOS_END_OF_INPUT 0x04u

/* Limits (abi: System calls). */
#define ZOS_MAX_PAYLOAD 4096u
#define ZOS_MAX_QUEUE 256u
#define ZOS_MAX_CAPS_PER_MESSAGE 8u
#define ZOS_MAX_CAPS 1024u
#define ZOS_MAX_CAPS_FROM_PROGRAMS 512u
#define ZOS_MAX_ENDPOINTS 64u
#define ZOS_MAX_NAME 64u
#define ZOS_MAX_RANDOM 4096u
#define ZOS_MAX_KEY 255u
#define ZOS_MAX_VALUE 0x100000u
#define ZOS_MAX_STORAGE_READ 0x8000u
#define ZOS_MAX_CONSOLE_BUFFER 0x10000u
#define ZOS_PAGE 0x10000u

/* --- imports (seed: Syscall Access) --- */

#define ZOS_IMPORT(name) __attribute__((import_module("env"), import_name(#name)))

ZOS_IMPORT(zos_syscall) uint32_t zos_syscall(uint32_t num, uint32_t arg1, uint32_t arg2, uint32_t arg3);
ZOS_IMPORT(zos_send_bytes) void zos_send_bytes(const void *ptr, uint32_t len);
ZOS_IMPORT(zos_recv_bytes) uint32_t zos_recv_bytes(void *ptr, uint32_t max_len);
ZOS_IMPORT(zos_yield) void zos_yield(void);
ZOS_IMPORT(zos_get_pid) uint32_t zos_get_pid(void);

/* --- helpers --- */

/* What precedes the payload of a received message. */
typedef struct {
    uint32_t from_pid;
    uint32_t tag;
} zos_header;

/* The code in a *value* or *length* result; 0 for a success. */
static inline uint32_t zos_value_error(uint32_t raw) { return raw & ZOS_ERROR_BIT ? raw & ~ZOS_ERROR_BIT : 0; }
static inline uint32_t zos_length_error(uint32_t raw) { return (int32_t)raw < 0 ? 0u - raw : 0; }

static inline _Noreturn void zos_exit(int32_t code) {
    zos_syscall(ZOS_SYS_EXIT, (uint32_t)code, 0, 0);
    __builtin_unreachable();
}

/* Both return a status. */
static inline uint32_t zos_debug(const char *text, size_t len) {
    zos_send_bytes(text, (uint32_t)len);
    return zos_syscall(ZOS_SYS_DEBUG, (uint32_t)len, 0, 0);
}

static inline uint32_t zos_console_write(const char *text, size_t len) {
    zos_send_bytes(text, (uint32_t)len);
    return zos_syscall(ZOS_SYS_CONSOLE_WRITE, (uint32_t)len, 0, 0);
}

/* Nanoseconds since the machine started; milliseconds since the Unix epoch. */
static inline uint64_t zos_sample(uint32_t num) {
    uint32_t low = zos_syscall(num, 0, 0, 0);
    return (uint64_t)zos_syscall(num, 1, 0, 0) << 32 | low;
}

static inline uint64_t zos_time(void) { return zos_sample(ZOS_SYS_GET_TIME); }
static inline uint64_t zos_wallclock(void) { return zos_sample(ZOS_SYS_GET_WALLCLOCK); }

static inline uint32_t zos_sleep(uint64_t ns) {
    return zos_syscall(ZOS_SYS_SLEEP, (uint32_t)ns, (uint32_t)(ns >> 32), 0);
}

/* Returns a status; ZOS_E_AGAIN when the queue is full. */
static inline uint32_t zos_send(uint32_t slot, uint32_t tag, const void *data, size_t len) {
    zos_send_bytes(data, (uint32_t)len);
    return zos_syscall(ZOS_SYS_SEND, slot, tag, (uint32_t)len);
}

static inline uint32_t zos_reply(uint32_t caller_pid, uint32_t tag, const void *data, size_t len) {
    zos_send_bytes(data, (uint32_t)len);
    return zos_syscall(ZOS_SYS_REPLY, caller_pid, tag, (uint32_t)len);
}

/* Takes a received message apart. `raw` is the result of the call that received it; returns the payload's length, of
 * which at most `capacity` bytes are in `data`, or a negative code; 0 with `header->tag` 0 when there was no message. */
static inline int32_t zos_take(uint32_t raw, zos_header *header, void *data, size_t capacity) {
    header->from_pid = header->tag = 0;
    if ((int32_t)raw <= 0) {
        return (int32_t)raw;
    }
    zos_recv_bytes(header, sizeof *header);
    zos_recv_bytes(data, (uint32_t)capacity);
    return (int32_t)(raw - sizeof *header);
}

static inline int32_t zos_receive(uint32_t slot, zos_header *header, void *data, size_t capacity) {
    return zos_take(zos_syscall(ZOS_SYS_RECEIVE, slot, 0, 0), header, data, capacity);
}

/* Waits up to `ms` milliseconds, UINT64_MAX for ever. */
static inline int32_t zos_receive_wait(uint32_t slot, uint64_t ms, zos_header *header, void *data, size_t capacity) {
    uint32_t raw = zos_syscall(ZOS_SYS_RECEIVE_WAIT, slot, (uint32_t)ms, (uint32_t)(ms >> 32));
    return zos_take(raw, header, data, capacity);
}

static inline int32_t zos_call(
    uint32_t slot, uint32_t tag, const void *request, size_t len, zos_header *header, void *data, size_t capacity) {
    zos_send_bytes(request, (uint32_t)len);
    return zos_take(zos_syscall(ZOS_SYS_CALL, slot, tag, (uint32_t)len), header, data, capacity);
}

/* The slot of a capability given to `to_pid`, or ZOS_ERROR_BIT and a code; ms and uses 0 for no bound. */
static inline uint32_t zos_cap_grant(uint32_t slot, uint32_t to_pid, uint32_t perms, uint64_t ms, uint32_t uses) {
    zos_send_bytes(&ms, sizeof ms);
    zos_send_bytes(&uses, sizeof uses);
    return zos_syscall(ZOS_SYS_CAP_GRANT, slot, to_pid, perms);
}

static inline uint32_t zos_cap_derive(uint32_t slot, uint32_t perms, uint64_t ms, uint32_t uses) {
    zos_send_bytes(&ms, sizeof ms);
    zos_send_bytes(&uses, sizeof uses);
    return zos_syscall(ZOS_SYS_CAP_DERIVE, slot, perms, 0);
}

static inline uint32_t zos_cap_revoke(uint32_t slot, uint32_t keep_own) {
    return zos_syscall(ZOS_SYS_CAP_REVOKE, slot, keep_own, 0);
}

#endif
