//! The linear memory itself, for programs that want to know how much of it there may be.
//!
//! The allocator stays inside its own region; pages grown here are nobody's but the caller's.

use crate::abi::PAGE;

/// Pages of 64 KiB there are.
pub fn pages() -> usize {
    imports::size()
}

/// Adds pages; the number of the first one that was added, `None` when the growth was refused.
pub fn grow(pages: usize) -> Option<usize> {
    imports::grow(pages)
}

/// Writes one byte to each of some pages that `grow` added, so that the host must really provide them.
pub fn touch(first: usize, pages: usize) {
    for page in first..first + pages {
        unsafe { imports::write(page * PAGE as usize) };
    }
}

#[cfg(target_arch = "wasm32")]
mod imports {
    use core::arch::wasm32;

    pub fn size() -> usize {
        wasm32::memory_size::<0>()
    }

    pub fn grow(pages: usize) -> Option<usize> {
        match wasm32::memory_grow::<0>(pages) {
            usize::MAX => None,
            first => Some(first),
        }
    }

    pub unsafe fn write(address: usize) {
        (address as *mut u8).write_volatile(1);
    }
}

/// Off the machine no growth is granted.
#[cfg(not(target_arch = "wasm32"))]
mod imports {
    pub fn size() -> usize {
        0
    }

    pub fn grow(_pages: usize) -> Option<usize> {
        None
    }

    pub unsafe fn write(_address: usize) {}
}
