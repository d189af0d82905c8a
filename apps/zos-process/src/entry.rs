//! Entry point and panic handler (seed: Entry Point, Panic Handling).

use crate::console::{debug, try_console_write, DEFAULT_CONSOLE};
use crate::process::{args, exit};
use core::fmt::Display;
use std::panic::{self, PanicInfo};

/// What `main` may return: nothing, an exit code, or an error that is printed and becomes code 1.
pub trait ExitStatus {
    fn code(self) -> i32;
}

impl ExitStatus for () {
    fn code(self) -> i32 {
        0
    }
}

impl ExitStatus for i32 {
    fn code(self) -> i32 {
        self
    }
}

impl<T: ExitStatus, E: Display> ExitStatus for Result<T, E> {
    fn code(self) -> i32 {
        match self {
            Ok(status) => status.code(),
            Err(error) => {
                let name = args().into_iter().next().unwrap_or_default();
                let line = format!("{}: {}\n", name, error);
                if try_console_write(DEFAULT_CONSOLE, line.as_bytes()).is_err() {
                    debug(&line);
                }
                1
            }
        }
    }
}

/// Exports `_start`, which runs the given function as the whole process.
#[macro_export]
macro_rules! entry {
    ($main:path) => {
        #[cfg(target_arch = "wasm32")]
        #[no_mangle]
        pub extern "C" fn _start() {
            $crate::start($main)
        }

        // Off the machine nothing calls the program; it is still compiled, so that its parts can be tested.
        #[cfg(not(target_arch = "wasm32"))]
        #[allow(dead_code)]
        const _: fn() = || $crate::start($main);
    };
}

/// Prepares the process, runs `main`, and exits with its status.
pub fn start<T: ExitStatus>(main: fn() -> T) {
    check_layout();
    panic::set_hook(Box::new(report_panic));
    exit(main().code())
}

fn report_panic(info: &PanicInfo<'_>) {
    let payload = info.payload();
    let text = match (payload.downcast_ref::<&str>(), payload.downcast_ref::<String>()) {
        (Some(text), _) => text,
        (None, Some(text)) => text.as_str(),
        (None, None) => "a value that is not text",
    };
    match info.location() {
        Some(at) => debug(&format!("PANIC: {} ({}:{})", text, at.file(), at.line())),
        None => debug(&format!("PANIC: {}", text)),
    }
    exit(1);
}

/// A module linked without the workspace's memory layout must not run: its statics would be the heap.
#[cfg(target_arch = "wasm32")]
fn check_layout() {
    use crate::abi::PAGE;
    use crate::heap::{HEAP_SIZE, HEAP_START};

    extern "C" {
        static __heap_base: u8;
    }
    let data_end = unsafe { core::ptr::addr_of!(__heap_base) } as usize;
    if data_end > HEAP_START {
        debug("PANIC: stack and statics reach into the heap: link with a smaller stack");
        exit(1);
    }
    let needed = (HEAP_START + HEAP_SIZE) / PAGE as usize;
    let present = core::arch::wasm32::memory_size::<0>();
    if present < needed && core::arch::wasm32::memory_grow::<0>(needed - present) == usize::MAX {
        debug("PANIC: no memory for the heap");
        exit(1);
    }
}

#[cfg(not(target_arch = "wasm32"))]
fn check_layout() {}
