//! The process library of Zero OS: ergonomic wrappers around five imported functions (seed: Process Library).
//!
//! ```ignore
//! use zos_process as zos;
//!
//! fn main() {
//!     zos::console_write("hello\n");
//! }
//! zos::entry!(main);
//! ```
//!
//! Rules of this crate
//! - Nothing here has authority of its own: a call names a slot, the kernel looks at the capability in it.
//! - `abi` is the only home of a number, `sys` the only place that calls an import, `wire` the only one that lays
//!   out bytes.
//! - Built for anything but wasm32, every system call answers `E_NOSYS`: that is for unit tests of pure code.

pub mod abi;
mod capability;
mod console;
mod entry;
mod error;
pub mod heap;
mod ipc;
pub mod memory;
mod process;
mod service;
mod storage;
pub mod sys;
mod time;
pub mod wire;
pub mod words;

pub use capability::{
    cap_delete, cap_derive, cap_grant, cap_inspect, cap_list, cap_revoke, create_endpoint, find_cap, Capability,
    Endpoint, Limits, Permissions,
};
pub use console::{console_write, debug, try_console_write, DEFAULT_CONSOLE};
pub use entry::{start, ExitStatus};
pub use error::{Error, Result};
pub use ipc::{
    call, receive, receive_blocking, receive_timeout, received_caps, reply, send, send_cap, try_receive, Message,
    Notice,
};
pub use process::{
    args, exit, for_each_process, get_pid, is_alive, kill, list_procs, random, spawn, wait_for_exit, yield_now, Ending,
    ProcessInfo, Spawned,
};
pub use service::{find_factory, lookup_service, register_service, request_capability, Denied};
pub use storage::{storage_delete, storage_list, storage_read, storage_write, StorageEntry};
pub use time::{sleep, time, wallclock};
