//! The shape of a Zero OS application.
//!
//! `app` is the trait an application implements and the loop that drives it, `protocol` the envelope in which its
//! states and inputs travel, `lines` the input of programs in line mode, `calendar` the reading of the wall clock.
//! `manifest!` puts the application's TOML into the module, so that a lone `.wasm` still says what it is.

mod app;
pub mod calendar;
pub mod lines;
pub mod protocol;

pub use zos_process;

pub use app::{run, Context, ControlFlow, ZeroApp};
pub use protocol::{DecodeError, EncodeError, Input, State, TerminalAction};

/// Embeds a manifest file, named from the source file, as the custom section `zos.manifest`.
#[macro_export]
macro_rules! manifest {
    ($path:literal) => {
        #[cfg(target_arch = "wasm32")]
        #[used]
        #[link_section = "zos.manifest"]
        static ZOS_MANIFEST: [u8; include_bytes!($path).len()] = *include_bytes!($path);
    };
}

/// Exports `_start`, which runs one application built by the given function.
#[macro_export]
macro_rules! app_main {
    ($new:path) => {
        fn run_app() -> i32 {
            $crate::run($new())
        }
        $crate::zos_process::entry!(run_app);
    };
}
