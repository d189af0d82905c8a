//! Every number of the system-call ABI that a guest needs.
//!
//! The host keeps the same table in `zos_core/abi.py`; a test reads both and fails on a difference, so each line
//! here is exactly `pub const NAME: u32 = number;`.

// Error codes (abi: Result conventions).
pub const E_OK: u32 = 0;
pub const E_PERM: u32 = 1;
pub const E_NOENT: u32 = 2;
pub const E_INVAL: u32 = 3;
pub const E_NOSYS: u32 = 4;
pub const E_AGAIN: u32 = 5;
pub const E_NOMEM: u32 = 6;
pub const E_BADF: u32 = 7;
pub const E_BUSY: u32 = 8;
pub const E_EXIST: u32 = 9;
pub const E_OVERFLOW: u32 = 10;

/// Set in a *value* result that carries an error code.
pub const ERROR_BIT: u32 = 0x8000_0000;

// System calls (abi: System calls).
pub const SYS_DEBUG: u32 = 0x01;
pub const SYS_GET_TIME: u32 = 0x02;
pub const SYS_GET_PID: u32 = 0x03;
pub const SYS_LIST_CAPS: u32 = 0x04;
pub const SYS_LIST_PROCS: u32 = 0x05;
pub const SYS_GET_WALLCLOCK: u32 = 0x06;
pub const SYS_CONSOLE_WRITE: u32 = 0x07;
pub const SYS_RANDOM: u32 = 0x08;
pub const SYS_GET_ARGS: u32 = 0x09;
pub const SYS_THREAD_CREATE: u32 = 0x10;
pub const SYS_EXIT: u32 = 0x11;
pub const SYS_YIELD: u32 = 0x12;
pub const SYS_SLEEP: u32 = 0x13;
pub const SYS_THREAD_JOIN: u32 = 0x14;
pub const SYS_SPAWN: u32 = 0x15;
pub const SYS_KILL: u32 = 0x16;
pub const SYS_MMAP: u32 = 0x20;
pub const SYS_MUNMAP: u32 = 0x21;
pub const SYS_MPROTECT: u32 = 0x22;
pub const SYS_CAP_GRANT: u32 = 0x30;
pub const SYS_CAP_REVOKE: u32 = 0x31;
pub const SYS_CAP_DELETE: u32 = 0x32;
pub const SYS_CAP_INSPECT: u32 = 0x33;
pub const SYS_CAP_DERIVE: u32 = 0x34;
pub const SYS_EP_CREATE: u32 = 0x35;
pub const SYS_SEND: u32 = 0x40;
pub const SYS_RECEIVE: u32 = 0x41;
pub const SYS_CALL: u32 = 0x42;
pub const SYS_REPLY: u32 = 0x43;
pub const SYS_SEND_CAP: u32 = 0x44;
pub const SYS_RECEIVE_WAIT: u32 = 0x45;
pub const SYS_RECEIVED_CAPS: u32 = 0x46;
pub const SYS_STORAGE_READ: u32 = 0x70;
pub const SYS_STORAGE_WRITE: u32 = 0x71;
pub const SYS_STORAGE_DELETE: u32 = 0x72;
pub const SYS_STORAGE_LIST: u32 = 0x73;

// Object types (seed: Object Types).
pub const OBJECT_ENDPOINT: u32 = 1;
pub const OBJECT_CONSOLE: u32 = 2;
pub const OBJECT_STORAGE: u32 = 3;
pub const OBJECT_NETWORK: u32 = 4;
pub const OBJECT_PROCESS: u32 = 5;
pub const OBJECT_MEMORY: u32 = 6;

/// Object id of the process factory: a Process capability on it starts programs.
pub const FACTORY: u32 = 0;

// Permission bits (seed: Permission Bits).
pub const PERM_READ: u32 = 1;
pub const PERM_WRITE: u32 = 2;
pub const PERM_GRANT: u32 = 4;
pub const PERM_ALL: u32 = 7;

// Process states (kernel: Processes).
pub const STATE_RUNNING: u32 = 0;
pub const STATE_WAITING: u32 = 1;
pub const STATE_EXITED: u32 = 2;

// Why a capability went (seed: Revocation Notifications).
pub const REVOKED_EXPLICIT: u32 = 1;
pub const REVOKED_EXPIRED: u32 = 2;
pub const REVOKED_SOURCE_EXITED: u32 = 3;

// How a process ended (abi: Messages from the system).
pub const ENDED_EXITED: u32 = 0;
pub const ENDED_KILLED: u32 = 1;
pub const ENDED_FAULTED: u32 = 2;

// Well-known processes.
pub const PID_SUPERVISOR: u32 = 0;
pub const PID_INIT: u32 = 1;
pub const PID_PERMISSION: u32 = 2;

// Well-known slots at spawn (kernel: Capabilities).
pub const SLOT_OWN_ENDPOINT: u32 = 0;
pub const SLOT_INPUT: u32 = 1;
pub const SLOT_INIT: u32 = 2;
pub const SLOT_PERMISSION: u32 = 3;

// Flags of SYS_SPAWN.
pub const SPAWN_SHARE_CONSOLE: u32 = 1;
pub const SPAWN_LEND_INPUT: u32 = 2;

// Message tags (abi: Messages from the system, Messages between processes).
pub const MSG_CONSOLE_INPUT: u32 = 0x0002;
pub const MSG_REGISTER_SERVICE: u32 = 0x1000;
pub const MSG_LOOKUP_SERVICE: u32 = 0x1001;
pub const MSG_LOOKUP_RESPONSE: u32 = 0x1002;
pub const MSG_SPAWN_SERVICE: u32 = 0x1003;
pub const MSG_SPAWN_RESPONSE: u32 = 0x1004;
pub const MSG_SERVICE_READY: u32 = 0x1005;
pub const MSG_GRANT_PERMISSION: u32 = 0x1010;
pub const MSG_REVOKE_PERMISSION: u32 = 0x1011;
pub const MSG_LIST_PERMISSIONS: u32 = 0x1012;
pub const MSG_PERMISSION_RESPONSE: u32 = 0x1013;
pub const MSG_APP_STATE: u32 = 0x2000;
pub const MSG_APP_INPUT: u32 = 0x2001;
pub const MSG_UI_READY: u32 = 0x2002;
pub const MSG_APP_FOCUS: u32 = 0x2003;
pub const MSG_APP_ERROR: u32 = 0x2004;
pub const MSG_REQUEST_CAPABILITY: u32 = 0x2010;
pub const MSG_REVOKE_CAPABILITY: u32 = 0x2011;
pub const MSG_LIST_MY_CAPS: u32 = 0x2012;
pub const MSG_CAPABILITY_RESPONSE: u32 = 0x2013;
pub const MSG_CAPS_LIST_RESPONSE: u32 = 0x2014;
pub const MSG_PROMPT: u32 = 0x2015;
pub const MSG_PROMPT_ANSWER: u32 = 0x2016;
pub const MSG_CAP_REVOKED: u32 = 0x3010;
pub const MSG_PROCESS_EXITED: u32 = 0x3011;

// Input bytes with a meaning (kernel: Console).
pub const INTERRUPT: u32 = 0x03;
pub const END_OF_INPUT: u32 = 0x04;

// Limits (abi: System calls).
pub const MAX_PAYLOAD: u32 = 4096;
pub const MAX_QUEUE: u32 = 256;
pub const MAX_CAPS_PER_MESSAGE: u32 = 8;
pub const MAX_CAPS: u32 = 1024;
pub const MAX_CAPS_FROM_PROGRAMS: u32 = 512;
pub const MAX_ENDPOINTS: u32 = 64;
pub const MAX_NAME: u32 = 64;
pub const MAX_RANDOM: u32 = 4096;
pub const MAX_KEY: u32 = 255;
pub const MAX_VALUE: u32 = 0x10_0000;
pub const MAX_STORAGE_READ: u32 = 0x8000;
pub const MAX_CONSOLE_BUFFER: u32 = 0x1_0000;
pub const PAGE: u32 = 0x1_0000;
